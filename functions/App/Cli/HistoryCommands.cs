using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Versions;
using Spectre.Console;

namespace IngressReconciler.Cli;

/// <summary><c>versions</c>, <c>diff</c> and <c>status</c>: what storage tells of a cluster, whether or not a function runs.</summary>
public static class HistoryCommands
{
    private static readonly Option<string> Cluster = new("--cluster") { Description = "The cluster's id.", HelpName = "ID", DefaultValueFactory = _ => "local" };
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON." };
    private static readonly Option<int> Most = new("--most") { Description = "How many versions at most.", HelpName = "N", DefaultValueFactory = _ => 20 };
    private static readonly Option<int> Before = new("--before")
    {
        Description = "Only versions before this one.",
        HelpName = "N",
        DefaultValueFactory = _ => int.MaxValue,
    };

    private static readonly Argument<int> From = new("A") { Description = "Number of the one version." };
    private static readonly Argument<int> To = new("B") { Description = "Number of the other." };

    /// <summary>Findings that the table shows, in all and of one object.</summary>
    private const int MostLines = 200, MostOfAnObject = 20;

    /// <summary><c>versions</c>.</summary>
    public static Command Versions()
    {
        var command = new Command("versions", "List the newest routing versions of a cluster, from storage.")
        {
            Cluster, Most, Before, Json,
        };
        command.SetAction((given, cancel) => RunAsync(given, async storage =>
        {
            var history = new VersionHistory(storage);
            var head = await history.HeadAsync(cancel);
            VersionSummary[] versions = [.. await history.NewestAsync(given.GetValue(Most), cancel, given.GetValue(Before))];
            Print(given, versions, ReportsJson.Default.VersionSummaryArray, () => Show(versions, head));
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary><c>diff</c>.</summary>
    public static Command Diff()
    {
        var command = new Command("diff", "Tell what differs between the routing of two versions. Exits 0 also when something does.") { From, To, Cluster, Json };
        command.SetAction((given, cancel) => RunAsync(given, async storage =>
        {
            var history = new VersionHistory(storage);
            var (from, to) = (given.GetValue(From), given.GetValue(To));
            var models = await Task.WhenAll(history.ModelAsync(from, cancel), history.ModelAsync(to, cancel));
            if (models is not [{ } before, { } after])
                return await FailAsync((await history.WhyNoneAsync(models[0] is null ? from : to, cancel)).Reason);
            var diff = VersionDiff.Of(from, before, to, after);
            Print(given, diff, VersionJson.Default.VersionDiff, () => Show(diff));
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary><c>status</c>.</summary>
    public static Command Status()
    {
        var command = new Command(
            "status",
            "Tell what each proxy was last seen to run, and what of the cluster's objects is not served, from storage. "
            + "Exits 1 when one does not run the wanted version.")
        {
            Cluster, Json,
        };
        command.SetAction((given, cancel) => RunAsync(given, async storage =>
        {
            var head = await new VersionHistory(storage).HeadAsync(cancel);
            ProxyReport[] reports = [.. (await storage.Proxies.ReadAllAsync(cancel)).OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => JsonSerializer.Deserialize(pair.Value.Span, ReportsJson.Default.ProxyReport)!)];
            var (findings, resync) = (await storage.Findings.ReadAsync(cancel), await storage.Resync.ReadAsync(cancel));
            var status = new StoredStatus(storage.Id, head.Version, reports, findings, resync);
            Print(given, status, ReportsJson.Default.StoredStatus, () => Show(status));
            return reports.All(report => report.Running && report.Version == head.Version) ? ExitCode.Done : ExitCode.Failed;
        }));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult given, Func<ClusterStorage, Task<int>> run)
    {
        try
        {
            var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
            using var storage = new BlobStorage(StorageOptions.FromSettings(configuration), TimeProvider.System);
            return await run(storage.Cluster(given.GetRequiredValue(Cluster)));
        }
        catch (Exception e) when (e is StorageUnavailableException or ArgumentException or InvalidDataException)
        {
            return await FailAsync(e.Message);
        }
    }

    private static async Task<int> FailAsync(string reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return ExitCode.Failed;
    }

    private static void Print<T>(ParseResult given, T value, JsonTypeInfo<T> type, Action show)
    {
        // A pipe has no width of its own.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 200;
        if (given.GetValue(Json))
            Console.WriteLine(JsonSerializer.Serialize(value, type));
        else
            show();
    }

    private static void Show(VersionSummary[] versions, VersionHead head)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(
            "version", "sealed (UTC)", "hash", "hosts", "changed", "findings", "bytes", "cause");
        foreach (var one in versions)
        {
            table.AddRow(
                one.Number.ToString(CultureInfo.InvariantCulture) + (one.Number == head.Version ? " *" : ""),
                one.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                Markup.Escape(one.Hash[..Math.Min(12, one.Hash.Length)]),
                one.Hosts.ToString(CultureInfo.InvariantCulture),
                one.Changed?.ToString(CultureInfo.InvariantCulture) ?? "all",
                one.Findings.ToString(CultureInfo.InvariantCulture),
                one.Size?.ToString("N0", CultureInfo.InvariantCulture) ?? "-",
                Markup.Escape(one.Cause));
        }

        AnsiConsole.Write(table);
        AnsiConsole.WriteLine(versions.Length == 0 ? "No version has been sealed yet." : "* is wanted.");
        foreach (var one in versions.Where(one => one.NotRead is not null))
            AnsiConsole.WriteLine($"Note: {one.NotRead}.");
    }

    private static void Show(VersionDiff diff)
    {
        if (diff.SettingsDiffer)
            AnsiConsole.WriteLine("~ settings (listeners, PROXY protocol or default certificate)");
        foreach (var host in diff.Hosts)
        {
            AnsiConsole.WriteLine(host.Host);
            if (host.CertificateBefore != host.CertificateAfter)
                AnsiConsole.WriteLine($"  ~ certificate {host.CertificateBefore ?? "(default)"} → {host.CertificateAfter ?? "(default)"}");
            foreach (var route in host.Removed)
                AnsiConsole.WriteLine($"  - {route.Path} → {route.To}   ({route.Origin})");
            foreach (var route in host.Added)
                AnsiConsole.WriteLine($"  + {route.Path} → {route.To}   ({route.Origin})");
        }

        if (diff.Hosts.Count == 0 && !diff.SettingsDiffer)
            AnsiConsole.WriteLine($"Versions {diff.From} and {diff.To} route the same.");
    }

    private static void Show(StoredStatus status)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(
            "proxy", "runs", "version", "journal position", "seen (UTC)", "HAProxy", "contract", "drift", "trouble");
        foreach (var one in status.Proxies)
        {
            table.AddRow(
                Markup.Escape(one.Name),
                one.Running ? "yes" : "no",
                one.Version.ToString(CultureInfo.InvariantCulture),
                one.Position,
                one.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                Markup.Escape(one.Process is { } process ? $"{process.Software} {process.Version} {process.Id}" : "-"),
                one.Bootstrap?.Contract.ToString(CultureInfo.InvariantCulture) ?? "-",
                one.Drift.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(one.Trouble ?? ""));
        }

        AnsiConsole.Write(table);
        AnsiConsole.WriteLine($"Wanted: version {status.Version}.");
        foreach (var one in status.Proxies.Where(one => one.Bootstrap is not null))
            AnsiConsole.WriteLine($"Note: {one.Name} {one.Bootstrap}.");
        if (status.Findings is { } findings)
            Show(findings);
        if (status.Resync is { } resync)
            Show(resync);
    }

    private static void Show(FindingsReport findings)
    {
        if (findings.Format > FindingsReport.Newest)
            AnsiConsole.WriteLine(
                $"Findings of a newer version of this program (format {findings.Format}); here is what this one knows of them.");
        var counts = findings.Total == 0 ? "none" : $"{findings.Errors} errors, {findings.Total - findings.Errors} notices";
        AnsiConsole.WriteLine($"Findings since {findings.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {counts}.");
        var lines = 0;
        foreach (var about in findings.Findings.GroupBy(one => one.Object).TakeWhile(_ => lines < MostLines))
        {
            AnsiConsole.WriteLine($"{about.Key}");
            foreach (var one in about.Take(Math.Min(MostOfAnObject, MostLines - lines)))
            {
                AnsiConsole.WriteLine($"  {(one.Severity == Severity.Error ? "error " : "notice")}  {one.Reason}: {one.Message}");
                lines++;
            }
        }

        if (findings.Total > lines)
            AnsiConsole.WriteLine($"and {findings.Total - lines} more: '--json' has the first {FindingsReport.Most}.");
    }

    private static void Show(ResyncReport resync)
    {
        AnsiConsole.WriteLine($"Last resync, {resync.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {resync.Missed} missed changes, {resync.Drift} steps of drift.");
        foreach (var one in resync.Suspects)
            AnsiConsole.WriteLine($"Rejected: the list of {one.Kind} {Rejection.Of(one)}. To do: {Rejection.Remedy("CLUSTER", one)}");
        if (resync.MadeAnew is { } anew)
            AnsiConsole.WriteLine($"Note: {anew}");
        if (resync.RemovedVersions > 0)
            AnsiConsole.WriteLine($"Removed by retention: {resync.RemovedVersions} versions.");
        if (resync.NotRemoved is { } why)
            AnsiConsole.WriteLine($"Note: old versions stay for now: {why}");
        foreach (var contradiction in resync.Contradictions)
            AnsiConsole.WriteLine($"Taken from the list: {contradiction}");
        foreach (var failure in resync.Failures)
            AnsiConsole.WriteLine($"Not listed: {failure}");
    }
}
