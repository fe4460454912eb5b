using System.Globalization;
using IngressReconciler.HAProxy.Runtime;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>
/// Random commands of the kinds that the control plane sends, valid ones and others, about so few things that they meet.
/// </summary>
/// <param name="random">What is left to chance.</param>
/// <param name="bundle">A certificate with its key.</param>
internal sealed class AdminCommands(Random random, string bundle)
{
    private int generation;

    /// <summary>The next.</summary>
    public RuntimeCommand Next() => random.Next(42) switch
    {
        < 3 => new($"add backend {Backend} from {Pick("http", "http", "http", "nope")}"),
        < 5 => new($"publish backend {Backend}"),
        < 7 => new($"unpublish backend {Backend}"),
        < 9 => new($"del backend {Backend}"),
        < 13 => new($"add server {Server} ipv4@10.0.0.{random.Next(1, 9)}:{Pick("80", "8080")}{Options}"),
        < 18 => new($"set server {Server} state {Pick("ready", "ready", "drain", "maint")}"),
        < 21 => new($"del server {Server}"),
        < 22 => new($"set maxconn server {Server} {random.Next(1, 2000)}"),
        < 23 => new($"enable health {Server}"),
        < 24 => new($"show stat {Pick("-1", Backend)} 2 -1"),
        < 25 => new($"show servers state{Pick("", $" {Backend}")}"),
        < 27 => new($"add map virt@routes {Key} {Value}"),
        < 28 => new($"set map virt@routes {Key} {Value}"),
        < 29 => new($"del map virt@routes {Key}"),
        < 30 => new($"get map virt@routes {Key}{Pick("", "b#", "c/d#")}"),
        < 31 => new($"show map {Pick("virt@routes", "virt@state", "virt@proxy-sources", "virt@nope")}"),
        < 32 => new($"{Pick("add", "set")} map virt@state {Pick("push", "ready")} {Pick("open", "done", "1")}"),
        < 33 => new($"add map virt@proxy-sources {Pick("10.0.0.0/8", "fd00::/8", "junk")} required"),
        < 34 => Generation(),
        < 40 => Certificate(),
        < 41 => new($"echo {random.Next()}"),
        _ => new(Pick("nonsense", "set server a state ready", "add server b", "del map virt@routes", "get map virt@routes")),
    };

    private string Backend => Pick("http:a:s1:80", "http:a:s1:80", "h2c:a:s2:81");

    private string Server => $"{Backend}/{Pick("p1", "p2", "p3")}";

    private string Key => Pick("ingress|a/", "ingress|a/b", "ingress|a/b/c", "#version", "x");

    private string Value => Pick("http:a:s1:80", "no-route", "1");

    private string Options => Pick(
        "", " maxconn 5", " proto h2", " ssl verify none alpn h2,http/1.1", " send-proxy-v2", " maxconn 7 check inter 2s fall 2 rise 1");

    private string Stored => Pick("a/t1/0123456789abcdef", "a/t2/0123456789abcdef", "@traffic/default");

    private RuntimeCommand Generation() => random.Next(3) switch
    {
        0 => Prepared(),
        1 => new(string.Create(CultureInfo.InvariantCulture, $"add map @{generation} virt@routes"), "a b\nc d\n"),
        _ => new(string.Create(CultureInfo.InvariantCulture, $"commit map @{generation} virt@routes")),
    };

    private RuntimeCommand Prepared()
    {
        generation++;
        return new("prepare map virt@routes");
    }

    private RuntimeCommand Certificate() => random.Next(8) switch
    {
        0 => new($"new ssl cert {Stored}"),
        1 => new($"set ssl cert {Stored}", bundle),
        2 => new($"commit ssl cert {Stored}"),
        3 => new($"abort ssl cert {Stored}"),
        4 => new($"del ssl cert {Stored}"),
        5 => new("add ssl crt-list certificates", $"{Stored} {Pick("x", "y")}.example\n"),
        6 => new(string.Create(CultureInfo.InvariantCulture, $"del ssl crt-list certificates {Stored}:{random.Next(1, 30)}")),
        _ => new(Pick("show ssl cert", "show ssl crt-list -n certificates")),
    };

    private string Pick(params ReadOnlySpan<string> all) => all[random.Next(all.Length)];
}
