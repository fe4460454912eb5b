using System.Globalization;
using System.Text.Json;
using IngressReconciler.Tests.Harness;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>PROXY protocol comes, goes and changes its version under load, and whoever does that is killed in each phase.</summary>
internal static class CutOverChecks
{
    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        var edge = DemoNetwork.EdgeSource.ToString();
        await landscape.Local.CutOverAsync("disable");
        await using var load = new ClientLoad(i => landscape.Network.Client(50 + i), landscape.Network.EdgeHttp, "shop.localhost", edge);
        foreach (var (goal, right) in new (string[], string)[]
        {
            (["enable", "--header", "v1"], ClientLoad.Self), (["disable"], edge), (["enable", "--header", "v1"], ClientLoad.Self), (["enable", "--header", "v2"], ClientLoad.Self),
        })
        {
            await list.RunAsync($"proxy-protocol {string.Join(' ', goal)}, with the command and the handler killed by -9 in each phase", async () =>
            {
                load.Expect(edge, ClientLoad.Self);
                var killed = new List<string>();
                foreach (var phase in await landscape.Local.PhasesAsync(goal))
                {
                    // Not always at the same point: before, while and after it is journalled and pushed.
                    if (await landscape.Local.InterruptAsync(phase, TimeSpan.FromMilliseconds(15 * (killed.Count % 4)), goal))
                        killed.Add(phase);
                }

                await landscape.Local.CutOverAsync(goal);
                load.Expect(right);
                var before = load.Requests;
                await Waiting.UntilAsync(() => Task.FromResult(load.Requests > before + 300), "requests go on");
                Require(load.Failures.IsEmpty, $"{load.Failures.Count} requests failed, the first: {load.Failures.FirstOrDefault()}");
                Require(killed.Count >= 2, $"only {killed.Count} phases were interrupted");
                return $"killed in {string.Join(", ", killed)}; went on and ended";
            });
        }

        await list.RunAsync("not one request failed meanwhile, and every pod was told the right client", async () =>
        {
            await load.DisposeAsync();
            Require(load.Failures.IsEmpty, $"{load.Failures.Count} of {load.Requests} requests failed, the first: {load.Failures.FirstOrDefault()}");
            return string.Create(CultureInfo.InvariantCulture, $"{load.Requests} requests, {load.Rate:0}/s, on {load.Connections} kept, short and long connections; told {string.Join(", ", load.Seen.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value} times"))}");
        });
        await ClientAddressChecks.RunAsync(landscape, list);
        await list.RunAsync("doctor finds nothing that has failed, from inside and through the edge", async () =>
        {
            await landscape.Local.ResyncAsync();
            JsonDocument? doctor = null;
            await Waiting.UntilAsync(
                async () =>
                {
                    try
                    {
                        doctor = await landscape.Local.DoctorAsync(landscape.Network.EdgeHttp);
                        return null;
                    }
                    catch (CheckFailedException e)
                    {
                        return e.Message;
                    }
                },
                "it does not");
            using var found = doctor!;
            var states = found.RootElement.EnumerateArray().Select(check => check.GetProperty("state").GetString()!).CountBy(state => state);
            return string.Join(", ", states.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")));
        });
    }
}
