using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Edge;
using IngressReconciler.Kubernetes;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using IngressReconciler.Settings;
using IngressReconciler.Storage;
using IngressReconciler.Workers;

namespace IngressReconciler.Doctor;

/// <summary>A probe that is open for whoever has asked.</summary>
/// <param name="Token">What an ingress proxy wants to see.</param>
/// <param name="Seconds">How long it is open.</param>
/// <param name="Send">Which PROXY header the edge sends ahead of clients' connections.</param>
/// <param name="Infrastructure">Networks (CIDR) and addresses that no client has: the edge's and the nodes'.</param>
public sealed record OpenedProbe(string Token, int Seconds, SendProxy Send, string[] Infrastructure);

/// <summary>
/// Looks at one cluster's running system from where the function is: proxies, certificates, versions, nodes, the way through the edge, storage, events,
/// clocks. It changes nothing: a round is asked for first, so that nothing is taken for wrong that only is on its way.
/// </summary>
/// <param name="settings">The cluster's.</param>
/// <param name="reconciler">The cluster's.</param>
/// <param name="storage">The cluster's.</param>
/// <param name="credentials">What proxies are shown; null when there are none.</param>
/// <param name="server">The API server; null when there is none.</param>
/// <param name="time">The clock.</param>
/// <param name="app">The settings of the whole app.</param>
public sealed class ClusterDoctor(
    ClusterSettings settings, Reconciler reconciler, ClusterStorage storage, AdminCredentials? credentials, ApiServer? server,
    TimeProvider time, AppSettings app) : IAsyncDisposable
{
    private static readonly TimeSpan OpenFor = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ServerPatience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly List<Task> open = [];

    /// <summary>The address that lies are told from; null for the system's choice.</summary>
    public IPAddress? From { get; set; }

    /// <summary>Looks at everything. What cannot be reached is a check that failed, not an exception.</summary>
    public async Task<Check[]> RunAsync(CancellationToken cancel)
    {
        var unlisted = await reconciler.ListEdgeAsync(cancel);
        var (trial, unreachable) = await TryStorageAsync(cancel);
        var exams = await Task.WhenAll(reconciler.Workers.Select(worker => ExaminedProxy.OfAsync(worker, reconciler, cancel)));
        var wanted = reconciler.Wanted;
        var answering = exams.Where(exam => exam.Trouble is null).Select(exam => exam.Name).ToHashSet();
        ProxyWorker[] workers = [.. reconciler.Workers.Where(worker => answering.Contains(worker.Name))];
        var through = ThroughEdgeAsync(workers, wanted, cancel);
        var lies = LieAsync(workers, wanted, cancel);
        var told = ToldAsync(trial, unreachable, cancel);
        var clock = ServerClockAsync(cancel);
        var served = new Telemetry.CertificateExpiry().Ends(wanted);
        return
        [
            .. unlisted is null ? [] : new[] { Check.Failed("edge-machines", $"cluster {settings.Id}", unlisted, "see setting EdgeScaleSet, and give the identity in ApiServerIdentity the role Reader on that scale set; the machines that were known stay") },
            .. ProxyChecks.Judge(settings.Id, exams, reconciler.Version, credentials?.Subject ?? "client certificate"),
            .. TrustChecks.Judge(settings.Id, reconciler),
            .. StorageChecks.Judge(settings.Id, reconciler.Unknown),
            .. TrustChecks.Judge(app),
            .. credentials is null ? [] : CertificateChecks.Judge(time.GetUtcNow(), credentials.Expires, credentials.AuthorityExpires, exams, served),
            .. FindingChecks.Judge(settings.Id, reconciler.Findings),
            OwnershipChecks.Judge(settings.Id, wanted),
            .. server is null ? [] : new[] { SecretChecks.Judge(settings.Id, settings.Reading.Secrets) },
            .. NodeChecks.Judge(wanted),
            .. AddressChecks.Judge(wanted),
            .. await through,
            .. await lies,
            .. await told,
            .. exams.Where(exam => exam.Trouble is null).Select(
                exam => ClockChecks.Judge(ProxyChecks.Called(exam), exam.Exam.Skew, "it does not say")),
            ClockChecks.Judge("storage", trial?.Skew, unreachable ?? "it does not say"),
            await clock,
        ];
    }

    /// <summary>Has the ingress proxies that run tell the caller for a minute what arrives there.</summary>
    /// <exception cref="ProxyUnavailableException">One could not be told of it.</exception>
    public async Task<OpenedProbe> OpenProbeAsync(CancellationToken cancel)
    {
        var probe = await OpenProbe.OpenAsync(
            reconciler.Workers.Where(worker => worker is { Role: ProxyRole.Ingress, Report.Running: true }).Select(worker => worker.Proxy),
            time,
            cancel);
        lock (gate)
        {
            open.RemoveAll(one => one.IsCompleted);
            open.Add(CloseLaterAsync(probe));
        }

        var wanted = reconciler.Wanted;
        string[] own =
        [
            .. wanted.Options.Edge?.Sources ?? [],
            .. reconciler.Workers.Where(worker => worker.Role == ProxyRole.Edge).Select(worker => worker.Address.Host).Where(host => IPAddress.TryParse(host, out _)),
            .. NodeChecks.Places(wanted, "http").Endpoints.Select(place => $"{place.Address}"),
        ];
        return new(probe.Token.Text, (int)OpenFor.TotalSeconds, EdgeTranslation.Asked(wanted.Cluster).Send, [.. own.Distinct()]);
    }

    /// <summary>Closes every probe that is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Task[] left;
        lock (gate)
            left = [.. open];
        await Task.WhenAll(left);
        stopping.Dispose();
    }

    private async Task CloseLaterAsync(OpenProbe probe)
    {
        await Task.Delay(OpenFor, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await probe.DisposeAsync();
    }

    private async Task<(StorageTrial? Trial, string? Unreachable)> TryStorageAsync(CancellationToken cancel)
    {
        try
        {
            var trial = await storage.TryAsync(cancel);
            await reconciler.AcceptAsync([]);
            return (trial, null);
        }
        catch (StorageUnavailableException e)
        {
            return (null, e.Message);
        }
    }

    private async Task<IEnumerable<Check>> ThroughEdgeAsync(ProxyWorker[] workers, DesiredState wanted, CancellationToken cancel)
    {
        if (ClientAddressChecks.NotProbed(settings.Id, wanted.Options.Edge, reconciler.Workers.Any(worker => worker.Role == ProxyRole.Edge)) is { } not)
            return [not];
        return ClientAddressChecks.Judge(settings.Id, await EdgeProbe.RunAsync(workers, wanted, settings.EdgeProbePorts, time, cancel), EdgeTranslation.Asked(wanted.Cluster));
    }

    private async Task<Check[]> LieAsync(ProxyWorker[] workers, DesiredState wanted, CancellationToken cancel)
    {
        try
        {
            var ingress = workers.Where(worker => worker.Role == ProxyRole.Ingress).Select(worker => worker.Proxy);
            await using var probe = await OpenProbe.OpenAsync(ingress, time, cancel);
            return await SpoofChecks.RunAsync(wanted, probe.Token.Text, From, cancel);
        }
        catch (ProxyUnavailableException e)
        {
            return [Check.Skipped("spoofed-proxy-header", "nodes", e.Message), Check.Skipped("spoofed-forwarded-for", "nodes", e.Message)];
        }
    }

    private async Task<IEnumerable<Check>> ToldAsync(StorageTrial? trial, string? unreachable, CancellationToken cancel)
    {
        if (trial is not null)
        {
            try
            {
                var tail = await storage.Journal.ReadAsync(reconciler.Position, cancel);
                var changed = await storage.Journal.LastWrittenAsync(cancel);
                var resync = await storage.Resync.ReadAsync(cancel);
                var isListed = settings.Manifests is not null || server is not null;
                return
                [
                    .. StorageChecks.Judge(trial, null, tail.Lines.Count),
                    .. EventChecks.Judge(settings.Id, time.GetUtcNow(), changed, resync, isListed, reconciler.Awaited),
                ];
            }
            catch (StorageUnavailableException e)
            {
                unreachable = e.Message;
            }
        }

        return
        [
            .. StorageChecks.Judge(null, unreachable, null),
            Check.Skipped("last-event", $"cluster {settings.Id}", "storage cannot be reached"),
            Check.Skipped("resync", $"cluster {settings.Id}", "storage cannot be reached"),
        ];
    }

    private async Task<Check> ServerClockAsync(CancellationToken cancel)
    {
        const string subject = "API server";
        if (server is null)
            return ClockChecks.Judge(subject, null, "there is none in the settings");
        using var patience = new CancellationTokenSource(ServerPatience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            var sent = time.GetUtcNow();
            using var answer = await server.SendAsync(HttpMethod.Get, "version", null, either.Token);
            var middle = sent + ((time.GetUtcNow() - sent) / 2);
            return ClockChecks.Judge(subject, answer.Headers.Date is { } at ? at + TimeSpan.FromSeconds(0.5) - middle : null, "it does not say");
        }
        catch (ApiServerException e)
        {
            return ClockChecks.Judge(subject, null, e.Message);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return ClockChecks.Judge(subject, null, $"no answer within {ServerPatience.TotalSeconds:0} s");
        }
    }
}
