using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Polly;
using Polly.Timeout;

namespace IngressReconciler.Kubernetes;

/// <summary>Writes to a cluster through its API server. Every call has a deadline, and is tried again within it where that may help.</summary>
/// <param name="server">The API server; must outlive the writer.</param>
/// <param name="time">Measures deadlines.</param>
public sealed class ApiServerWriter(ApiServer server, TimeProvider time)
{
    /// <summary>By which the API server knows in <c>managedFields</c> what is ours; statuses have the environment's id behind it.</summary>
    public const string FieldManager = "ingress-reconciler";

    /// <summary>Media type of a server-side apply; JSON is YAML too.</summary>
    public const string ApplyPatch = "application/apply-patch+yaml";

    /// <summary>Media type of a JSON Merge Patch (RFC 7386).</summary>
    public const string MergePatch = "application/merge-patch+json";

    /// <summary>Media type of a whole object.</summary>
    public const string Whole = "application/json";

    private static readonly TimeSpan WriteWithin = TimeSpan.FromSeconds(15);

    private readonly ResiliencePipeline writing = RetryPolicy.Within(WriteWithin, time);

    /// <summary>Sends a body that does the same however often it arrives.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Path and query below the server's address, without a slash at its beginning.</param>
    /// <param name="mediaType">What the body is.</param>
    /// <param name="body">The body.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ApiServerException">The server refused, did not answer in time, or cannot be reached.</exception>
    public async Task SendAsync(HttpMethod method, string path, string mediaType, JsonObject body, CancellationToken cancel)
    {
        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
        try
        {
            await writing.ExecuteAsync(async token =>
            {
                using var content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } };
                await server.ReadAsync(method, path, content, token);
            }, cancel);
        }
        catch (TimeoutRejectedException e)
        {
            throw ApiServerException.Unreachable(server.Address, e);
        }
    }
}
