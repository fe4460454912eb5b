using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>Where the next page of a list begins. Opaque to clients: base64url of JSON, without padding.</summary>
/// <param name="Revision">The revision of all pages; <see cref="Newest"/> to go on with what there is then.</param>
/// <param name="Start">The first path that may come.</param>
internal sealed record ContinueToken(long Revision, string Start)
{
    /// <summary>Stands for no fixed revision: the pages are not consistent with each other.</summary>
    public const long Newest = -1;

    /// <summary>Reads one.</summary>
    /// <exception cref="ApiException">The server did not write that.</exception>
    public static ContinueToken Parse(string text)
    {
        try
        {
            var token = JsonNode.Parse(Base64Url.DecodeFromChars(text))!;
            return new((long)token["rv"]!, (string)token["start"]!);
        }
        catch (Exception exception) when (exception is FormatException or JsonException or NullReferenceException or InvalidOperationException)
        {
            throw new ApiException(ApiStatus.BadRequest($"invalid continue token: continue key is not valid: {exception.Message}"));
        }
    }

    /// <summary>As clients get it.</summary>
    public override string ToString() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(
        new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Revision, ["start"] = Start }.ToJsonString()));
}
