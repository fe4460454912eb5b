using System.Diagnostics;
using System.Text;
using IngressReconciler.Benchmarks.Loopback;

namespace IngressReconciler.Benchmarks.Propagation;

/// <summary>Asks one proxy again and again until it serves what is waited for.</summary>
internal sealed class Probe(LoopbackProxy proxy) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // While the handler is at work a tight loop would take the cores that it needs.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(1);

    private readonly HttpClientConnection connection = new(proxy.Traffic);

    /// <summary>Answers that must not come: 5xx.</summary>
    public int Errors { get; private set; }

    /// <summary>When a request was first answered so; a timestamp of <see cref="Stopwatch"/>.</summary>
    /// <param name="host">Whom to ask.</param>
    /// <param name="answer">The body that proves it; null for any with status 200.</param>
    /// <param name="answered">Completes when the handler has answered: from then on without pauses.</param>
    public async Task<long> UntilAsync(string host, string? answer, Task answered)
    {
        var request = HttpClientConnection.Get(host, "/");
        var proof = answer is null ? null : Encoding.ASCII.GetBytes(answer);
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            var (status, body) = await connection.SendAsync(request, CancellationToken.None);
            if (status == 200 && (proof is null || body.Span.SequenceEqual(proof)))
                return Stopwatch.GetTimestamp();
            if (status >= 500)
                Errors++;
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new InvalidOperationException($"proxy {proxy.Address.Name} still answers {status} for {host}, {Encoding.ASCII.GetString(body.Span)}");
            if (!answered.IsCompleted)
                await Task.Delay(Pace);
        }
    }

    /// <summary>The status of one request.</summary>
    public async Task<int> StatusAsync(string host) => (await connection.SendAsync(HttpClientConnection.Get(host, "/"), CancellationToken.None)).Status;

    public void Dispose() => connection.Dispose();
}
