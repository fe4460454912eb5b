using System.Globalization;
using IngressReconciler.HAProxy.Compile;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>Steps in words.</summary>
public static class StepText
{
    /// <summary>A step for people, as the end of a sentence: <c>server web-1_10.0.3.7_8080 of backend http:shop:web:80</c>.</summary>
    public static string Describe(Step step) => step switch
    {
        AddBackend(var backend, _) => $"the new backend {backend}",
        PublishBackend(var backend) => $"the publishing of backend {backend}",
        UnpublishBackend(var backend) => $"the unpublishing of backend {backend}",
        DeleteBackend(var backend) => $"the removal of backend {backend}",
        AddServer add => $"the new server {add.Server} of backend {add.Backend}",
        CheckServer(var backend, var server) => $"the health check of server {server} of backend {backend}",
        LimitServer(var backend, var server, _) => $"the limit of server {server} of backend {backend}",
        NoteServerLimit => "the note of the servers' limit",
        SetServerState(var backend, var server, var state) =>
            $"the state {state.ToString().ToLowerInvariant()} of server {server} of backend {backend}",
        DeleteServer(var backend, var server) => $"the removal of server {server} of backend {backend}",
        AddRoute(var key, var value) => $"the new route {key} to {value}",
        SetRoute(var key, var value) => $"the change of route {key} to {value}",
        DeleteRoute(var key) => $"the removal of route {key}",
        ReplaceRoutes(var routes) => string.Create(CultureInfo.InvariantCulture, $"the replacement of all routes by {routes.Length}"),
        AddCertificate(var certificate, _) => $"certificate {certificate}",
        SetDefaultCertificate(var certificate, _) => $"certificate {certificate} as the default one",
        NoteDefaultCertificate(var certificate) => $"the note that certificate {certificate} is the default one",
        AbortCertificate(var certificate) => $"the end of an unfinished change of certificate {certificate}",
        BindCertificate(var line) => $"certificate {line.Certificate} for server name {line.ServerName}",
        UnbindCertificate(var line, _) => $"the end of certificate {line.Certificate} for server name {line.ServerName}",
        DeleteCertificate(var certificate) => $"the removal of certificate {certificate}",
        AddProxySource(var source) => $"PROXY headers from {source.Network} ({HAProxyNames.SourceWord(source)})",
        SetProxySource(var source) => $"PROXY headers from {source.Network} ({HAProxyNames.SourceWord(source)})",
        DeleteProxySource(var network) => $"the end of PROXY headers from {network}",
        TellLinkId(var tell) => $"the header X-Azure-Private-Link-Id {(tell ? "on" : "off")}",
        _ => throw new ArgumentOutOfRangeException(nameof(step), step.GetType().Name, "a step of a kind that is not known"),
    };
}
