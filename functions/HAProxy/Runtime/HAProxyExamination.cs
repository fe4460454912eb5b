using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>Looks at one HAProxy as its operator would: certificate, process, bootstrap, clock, and what nobody of us puts there.</summary>
internal static class HAProxyExamination
{
    private const string ClockField = "date_now: ";

    /// <summary>Looks at it, over a session of its own. A proxy that cannot be reached is a result.</summary>
    public static async Task<ProxyExam> RunAsync(ProxyLink link, TimeProvider time, CancellationToken cancel)
    {
        var exam = new ProxyExam();
        try
        {
            using var shown = await link.ShownCertificateAsync(cancel);
            if (shown is not null)
            {
                exam = exam with
                {
                    Certificate = new($"{shown.GetNameInfo(X509NameType.SimpleName, forIssuer: false)}", shown.NotAfter.ToUniversalTime()),
                };
            }

            await using var session = await link.OpenBesideAsync(cancel);
            exam = exam with { Process = session.Process.Summary, Bootstrap = session.Contract.Summary(link.Proxy.Role) };
            exam = exam with { Skew = await SkewAsync(session, time, cancel) };
            return exam with { Foreign = [.. await ForwardersAsync(session, link.Proxy.Name, cancel)] };
        }
        catch (ProxyUnavailableException e)
        {
            return exam with { Trouble = new(e.Fault, e.Reason) };
        }
    }

    private static async Task<TimeSpan?> SkewAsync(RuntimeConnection session, TimeProvider time, CancellationToken cancel)
    {
        var sent = time.GetUtcNow();
        var reply = (await session.SendAsync([new("show activity")], cancel))[0];
        var middle = sent + ((time.GetUtcNow() - sent) / 2);
        var said = Lines(reply.Text).FirstOrDefault(line => line.StartsWith(ClockField, StringComparison.Ordinal))?[ClockField.Length..];
        return decimal.TryParse(said, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)) - middle
            : null;
    }

    private static async Task<IEnumerable<ForeignPart>> ForwardersAsync(RuntimeConnection session, string proxy, CancellationToken cancel)
    {
        const string map = BootstrapNames.ForwarderMap;
        var reply = (await session.SendAsync([new($"show map {map}")], cancel))[0];
        return from line in reply.IsError ? [] : Lines(reply.Text)
               let words = line.Split(' ')
               where words.Length > 1
               select new ForeignPart(
                   $"its map {map} has {words[1]}, which nobody of us has put there: "
                   + "what anybody there says in X-Forwarded-For is believed",
                   $"'del map {map} {words[1]}' on its admin socket, or restart {proxy}; then find out who wrote it");
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
