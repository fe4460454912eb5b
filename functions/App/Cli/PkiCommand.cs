using System.CommandLine;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Local;

namespace IngressReconciler.Cli;

/// <summary><c>pki</c>: the certificates that proxies and their control plane start with, laid out as the Secrets that a proxy mounts.</summary>
public static class PkiCommand
{
    private static readonly Argument<string> Folder = new("FOLDER") { Description = "Is made when missing; certificates that are there are replaced." };
    private static readonly Option<string> ServerName = new("--server-name") { Description = "The name in the ingress proxies' admin certificate.", HelpName = "NAME", DefaultValueFactory = _ => new ProxyOptions().ServerName };
    private static readonly Option<string> EdgeName = new("--edge-server-name") { Description = "The name in the edge proxies' admin certificate.", HelpName = "NAME", DefaultValueFactory = _ => new ProxyOptions().EdgeServerName };
    private static readonly Option<string> Client = new("--client") { Description = "The client that proxies let in: ADMIN_CLIENT of infra/haproxy/common.cfg.", HelpName = "CN", DefaultValueFactory = _ => "ingress-reconciler" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("pki", "Make certificates for ten years: admin/ for the ingress proxies' admin ports, edge/admin/ for the edge proxies', client/ for who connects to them, and traffic/, which clients are shown until others are pushed; each with tls.crt, tls.key and ca.crt. The authority's key is not kept: to renew one, make all anew.")
        {
            Folder, ServerName, EdgeName, Client,
        };
        command.SetAction(given =>
        {
            using var pki = new ThrowAwayPki(TimeProvider.System);
            pki.Write(
                given.GetRequiredValue(Folder),
                given.GetRequiredValue(ServerName),
                given.GetRequiredValue(EdgeName),
                given.GetRequiredValue(Client));
            return ExitCode.Done;
        });
        return command;
    }
}
