using System.Text.Json;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>Every routing version is in blob storage; changes of endpoints made none.</summary>
internal static class VersionChecks
{
    private const string Most = "1000";

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        await list.RunAsync("versions are listed from blob storage, without a gap", async () =>
        {
            var numbers = Numbers(await landscape.Local.RunAsync("versions", "--most", Most, "--json"));
            Require(numbers.SequenceEqual(Enumerable.Range(1, numbers.Length)), string.Join(", ", numbers));
            var routed = "";
            await Waiting.UntilAsync(
                async () => (routed = (await landscape.HealthAsync(landscape.Proxies[0], "/readyz")).Text)
                    .EndsWith($" {numbers[^1]}", StringComparison.Ordinal)
                        ? null
                        : $"it says {routed}",
                $"a proxy says that it runs version {numbers[^1]}");
            var api = Numbers(await landscape.Local.AskAsync("local/versions"));
            Require(api[^1] == numbers[^1], $"the HTTP function says {api[^1]}");
            return $"1 to {numbers[^1]}; the proxies say: {routed}";
        });
        Screen.Text(await landscape.Local.RunAsync("versions", "--most", "6"));
        Screen.Text(await landscape.Local.RunAsync("status"));
    }

    private static int[] Numbers(string json)
    {
        using var versions = JsonDocument.Parse(json);
        return [.. versions.RootElement.EnumerateArray().Select(one => one.EnumerateObject().First(property => property.Name.Equals("number", StringComparison.OrdinalIgnoreCase)).Value.GetInt32()).Order()];
    }
}
