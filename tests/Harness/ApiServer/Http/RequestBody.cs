using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.ManifestFolders;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>Reads the bodies of writes.</summary>
internal static class RequestBody
{
    /// <summary>The media types of whole objects.</summary>
    public static readonly string[] ObjectTypes = ["application/json", "application/yaml"];

    /// <summary>The media type without parameters; JSON when the client does not say.</summary>
    public static string MediaType(HttpRequest request) => request.ContentType?.Split(';')[0].Trim() is { Length: > 0 } type ? type : "application/json";

    /// <summary>The body as an object; null when it is empty. YAML is read wherever the media type ends in <c>yaml</c>.</summary>
    /// <exception cref="ApiException">It is none.</exception>
    public static async Task<JsonObject?> ReadAsync(HttpRequest request, string kind, CancellationToken cancel)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(cancel);
        if (text.Length == 0)
            return null;
        try
        {
            var isYaml = MediaType(request).EndsWith("yaml", StringComparison.Ordinal);
            var content = isYaml ? YamlDocuments.Read(text)[0].Content : YamlDocuments.ReadJson(text).Content;
            return content as JsonObject ?? throw new ManifestSyntaxException(1, "it is not an object");
        }
        catch (ManifestSyntaxException exception)
        {
            throw Unrecognized(kind, exception.Message);
        }
    }

    /// <summary>The body as an object of a kind, which may leave kind, apiVersion and metadata away.</summary>
    /// <exception cref="ApiException">It is none.</exception>
    public static async Task<JsonObject> ReadObjectAsync(HttpRequest request, ApiResource resource, CancellationToken cancel)
    {
        if (!ObjectTypes.Contains(MediaType(request)))
            throw new ApiException(ApiStatus.UnsupportedMediaType(ObjectTypes));
        var content = await ReadAsync(request, resource.Kind, cancel) ?? throw Unrecognized(resource.Kind, "unexpected end of JSON input");
        if ((string?)content["kind"] is { } kind && kind != resource.Kind)
            throw new ApiException(ApiStatus.BadRequest($"{kind} in version \"{resource.Version}\" cannot be handled as a {resource.Kind}"));
        if ((string?)content["apiVersion"] is { } version && version != resource.ApiVersion)
            throw new ApiException(ApiStatus.BadRequest(
                $"the API version in the data ({version}) does not match the expected API version ({resource.ApiVersion})"));
        if (content["metadata"] is not JsonObject)
            content["metadata"] = new JsonObject();
        return content;
    }

    private static ApiException Unrecognized(string kind, string why) => new(ApiStatus.BadRequest(
        $"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {why}"));
}
