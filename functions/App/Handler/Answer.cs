using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.Cluster;
using IngressReconciler.Composition;
using IngressReconciler.Reports;

namespace IngressReconciler.Handler;

/// <summary>How both HTTP functions read a request and answer it.</summary>
internal static class Answer
{
    /// <summary>What stands below <c>/api</c>.</summary>
    public static string[] PathOf(HttpContext http) => http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries)[1..];

    /// <summary>The clusters that there are, for a person.</summary>
    public static string Known(Clusters clusters) =>
        string.Join(", ", clusters.All.Select(pair => pair.Key)) is { Length: > 0 } known ? known : "(none is set)";

    /// <summary>The PROXY header that query parameter <c>to</c> names; false where it names none.</summary>
    public static bool TryGoal(HttpContext http, [NotNullWhen(true)] out SendProxy? to)
    {
        to = http.Request.Query["to"].ToString() switch { "none" => SendProxy.None, "v1" => SendProxy.V1, "v2" => SendProxy.V2, _ => null };
        return to is not null;
    }

    /// <summary>Says what <c>to</c> may be.</summary>
    public static Task WrongGoalAsync(HttpContext http) => ProblemAsync(
        http, StatusCodes.Status400BadRequest, $"query parameter 'to' is {KubernetesName.Show(http.Request.Query["to"].ToString())}; expected none, v1 or v2");

    /// <summary>Answers 200 with a value.</summary>
    public static async Task JsonAsync<T>(HttpContext http, T value, JsonTypeInfo<T> type)
    {
        http.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(http.Response.Body, value, type, http.RequestAborted);
    }

    /// <summary>Answers why there is no value (RFC 9457).</summary>
    public static async Task ProblemAsync(HttpContext http, int status, string detail)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        await JsonSerializer.SerializeAsync(
            http.Response.Body, new Problem(status, detail), ReportsJson.Default.Problem, http.RequestAborted);
    }
}
