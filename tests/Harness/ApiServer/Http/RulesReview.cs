using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>A <c>SelfSubjectRulesReview</c>: what may I do in a namespace? kubectl asks in protobuf, and takes JSON.</summary>
internal static class RulesReview
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    // Numbers of fields: the object in its envelope (after four bytes that say what it is), its spec, and the namespace there.
    private static readonly int[] Path = [2, 2, 1];

    /// <summary>The namespace that is asked about.</summary>
    public static async Task<string> NamespaceAsync(HttpRequest request, CancellationToken cancel)
    {
        if (RequestBody.MediaType(request) != Protobuf)
            return (string?)(await RequestBody.ReadAsync(request, "SelfSubjectRulesReview", cancel))?["spec"]?["namespace"] ?? "";
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancel);
        return Encoding.UTF8.GetString(Path.Aggregate(body.ToArray()[4..], Field));
    }

    /// <summary>The answer.</summary>
    public static JsonObject Of(IEnumerable<JsonObject> rules) => new()
    {
        ["kind"] = "SelfSubjectRulesReview",
        ["apiVersion"] = "authorization.k8s.io/v1",
        ["metadata"] = new JsonObject(),
        ["spec"] = new JsonObject(),
        ["status"] = new JsonObject { ["resourceRules"] = new JsonArray([.. rules]), ["nonResourceRules"] = new JsonArray(), ["incomplete"] = false },
    };

    /// <summary>A field of a message all of whose fields before it have a length; empty when it is not there.</summary>
    private static byte[] Field(byte[] message, int number)
    {
        for (var at = 0; at < message.Length;)
        {
            var (tag, length) = (Varint(message, ref at), Varint(message, ref at));
            if (tag >> 3 == number)
                return message[at..(at + length)];
            at += length;
        }

        return [];
    }

    private static int Varint(byte[] message, ref int at)
    {
        var (value, shift) = (0, 0);
        for (; message[at] >= 0x80; at++, shift += 7)
            value |= (message[at] & 0x7F) << shift;
        return value | (message[at++] << shift);
    }
}
