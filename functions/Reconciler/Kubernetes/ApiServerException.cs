using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;

namespace IngressReconciler.Kubernetes;

/// <summary>An API server refused a request, broke off, or cannot be reached.</summary>
public sealed class ApiServerException : Exception
{
    private const string NamespaceTerminating = "NamespaceTerminating";

    private ApiServerException(int code, string reason, ShownText message, TimeSpan? retryAfter, Exception? cause)
        : base(message, cause) => (Code, Reason, RetryAfter) = (code, reason, retryAfter);

    /// <summary>The code of its answer: an HTTP status; 0 when there was none.</summary>
    public int Code { get; }

    /// <summary>The reason in its <c>Status</c> object, such as <c>Forbidden</c> or <c>Expired</c>; empty when it sent none.</summary>
    public string Reason { get; }

    /// <summary>How long it asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether what a list or watch was to go on from is no longer known: list anew.</summary>
    public bool IsExpired => Code == (int)HttpStatusCode.Gone;

    /// <summary>Whether a watch was silent for longer than any is that the server takes part in.</summary>
    public bool IsSilence => InnerException is TimeoutException;

    /// <summary>Whether the same request may be answered otherwise in a while: nobody answered, or the server could not.</summary>
    public bool IsOutage => Code is 0 or 429 or >= 500;

    /// <summary>Whether there is no such object, or no such kind.</summary>
    public bool IsNotFound => Code == (int)HttpStatusCode.NotFound;

    /// <summary>Whether the namespace is being deleted: nothing new is ever taken in it, and all that is there goes with it.</summary>
    public bool IsTerminating { get; private init; }

    /// <summary>A refusal by answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="body">Its body; a <c>Status</c> object, unless something in between answered.</param>
    public static ApiServerException Of(HttpResponseMessage answer, byte[] body)
    {
        var code = (int)answer.StatusCode;
        JsonObject? status = null;
        try
        {
            status = JsonNode.Parse(body) as JsonObject;
        }
        catch (JsonException)
        {
            // A page of some proxy's, or a text: the code says enough.
        }

        var wait = answer.Headers.RetryAfter?.Delta ?? (answer.Headers.RetryAfter?.Date is { } date && answer.Headers.Date is { } now ? date - now : null);
        return OfStatus(code, status, wait);
    }

    /// <summary>A refusal by a <c>Status</c> object, as a watch's ERROR event carries one.</summary>
    public static ApiServerException OfStatus(int code, JsonObject? status, TimeSpan? retryAfter = null)
    {
        var reason = status?["reason"]?.ToString() ?? "";
        var message = status?["message"]?.ToString() is { Length: > 0 } text
            ? ShownText.Of($"'{text}'")
            : ShownText.Of($"no reason was given");
        return new(code, reason, $"the API server answered {code} {reason}: {message}", retryAfter, null)
        {
            IsTerminating = (status?["details"] as JsonObject)?["causes"] is JsonArray causes
                && causes.OfType<JsonObject>().Any(cause => cause["reason"]?.ToString() == NamespaceTerminating),
        };
    }

    /// <summary>An answer that cannot be true, or is none to what was asked; another may be better.</summary>
    /// <param name="address">The server's.</param>
    /// <param name="what">What it is, as the end of a sentence that begins with the server.</param>
    public static ApiServerException Unusable(Uri? address, string what) =>
        new(0, "", $"the API server{(address is null ? "" : $" {address}")} {what}", null, null);

    /// <summary>No answer, or half of one.</summary>
    public static ApiServerException Unreachable(Uri? address, Exception cause) =>
        new(0, "", $"the API server{(address is null ? "" : $" {address}")} cannot be reached or broke off: {cause.Message}", null, cause);
}
