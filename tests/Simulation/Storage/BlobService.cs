using System.Globalization;
using System.Security;
using System.Text;

namespace IngressReconciler.Simulation.Storage;

/// <summary>A request to the blob service.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Path">Container, and blob where it is about one: <c>container/blob</c>.</param>
/// <param name="Query">Its query's parameters.</param>
/// <param name="Headers">Its headers, by names in lower case.</param>
/// <param name="Body">Its body.</param>
public sealed record BlobRequest(
    string Method, string Path, IReadOnlyDictionary<string, string> Query, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>A header; null when it is missing.</summary>
    public string? this[string header] => Headers.GetValueOrDefault(header);

    /// <summary>In short, for a trace.</summary>
    public override string ToString()
    {
        var action = this["x-ms-lease-action"] is { } asked ? $" {asked}" : "";
        var what = Query.GetValueOrDefault("comp") is { } comp ? $" {comp}{action}" : "";
        var range = this["x-ms-range"] is { } bytes ? $" {bytes}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{Method}{what} {Path}{range} {Body.Length}");
    }
}

/// <summary>Its answer.</summary>
/// <param name="Status">The status.</param>
/// <param name="Headers">The headers.</param>
/// <param name="Body">The body.</param>
public sealed record BlobResponse(int Status, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body);

/// <summary>
/// Azure's blob service in memory, for the calls that the product makes: statuses, error codes and conditions as Azurite has them. One
/// container, with its own clock.
/// </summary>
/// <param name="now">The service's clock.</param>
public sealed class BlobService(Func<DateTimeOffset> now)
{
    private readonly SortedDictionary<string, StoredBlob> blobs = new(StringComparer.Ordinal);
    private bool exists;
    private long tags = 0x8000;

    /// <summary>The blobs by name, in ordinal order.</summary>
    public IReadOnlyDictionary<string, StoredBlob> Blobs => blobs;

    /// <summary>Called for each append that was done, with the blob's name and the bytes.</summary>
    public Action<string, byte[]>? Appended { get; set; }

    /// <summary>Carries a call out.</summary>
    public BlobResponse Handle(BlobRequest request)
    {
        var slash = request.Path.IndexOf('/', StringComparison.Ordinal);
        if (request.Query.GetValueOrDefault("restype") == "container")
            return Container(request);
        if (!exists)
            return Error(404, "ContainerNotFound");
        var name = request.Path[(slash + 1)..];
        var blob = blobs.GetValueOrDefault(name);
        return (request.Method, request.Query.GetValueOrDefault("comp")) switch
        {
            ("PUT", null) => Put(request, name, blob),
            ("PUT", "appendblock") => Append(request, name, blob),
            ("PUT", "lease") => blob is null ? Error(404, "BlobNotFound") : Lease(request, blob),
            ("GET", null) => blob is null ? Error(404, "BlobNotFound") : Get(request, blob),
            ("DELETE", null) => blob is null ? Error(404, "BlobNotFound") : Delete(name),
            _ => throw new NotSupportedException($"no such call: {request}"),
        };
    }

    private BlobResponse Container(BlobRequest request)
    {
        if (request.Method == "PUT")
        {
            if (exists)
                return Error(409, "ContainerAlreadyExists");
            exists = true;
            return Answer(201);
        }

        return !exists ? Error(404, "ContainerNotFound") : List(request);
    }

    private BlobResponse List(BlobRequest request)
    {
        var prefix = request.Query.GetValueOrDefault("prefix") ?? "";
        var most = request.Query.TryGetValue("maxresults", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 5000;
        var from = request.Query.GetValueOrDefault("marker") ?? "";
        var found = blobs.Where(one => one.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(one.Key, from) >= 0)
            .Take(most + 1).ToArray();
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>");
        foreach (var (name, blob) in found.Take(most))
        {
            xml.Append("<Blob><Name>").Append(SecurityElement.Escape(name)).Append("</Name><Properties>")
                .Append("<Last-Modified>").Append(blob.Changed.ToString("R", CultureInfo.InvariantCulture)).Append("</Last-Modified>")
                .Append("<Etag>").Append(blob.Tag.Trim('"')).Append("</Etag>")
                .Append("<Content-Length>").Append(blob.Content.Length).Append("</Content-Length>")
                .Append("<BlobType>").Append(blob.IsAppend ? "AppendBlob" : "BlockBlob").Append("</BlobType></Properties></Blob>");
        }

        xml.Append("</Blobs><NextMarker>").Append(found.Length > most ? SecurityElement.Escape(found[most].Key) : "")
            .Append("</NextMarker></EnumerationResults>");
        return new(200, [("Content-Type", "application/xml")], Encoding.UTF8.GetBytes(xml.ToString()));
    }

    private BlobResponse Put(BlobRequest request, string name, StoredBlob? blob)
    {
        if (request["if-none-match"] == "*" && blob is not null)
            return Error(409, "BlobAlreadyExists");
        if (request["if-match"] is { } tag && blob?.Tag != tag)
            return Error(412, "ConditionNotMet");
        if (blob is not null && blob.IsLeased(now()))
            return Error(412, "LeaseIdMissing");
        blobs[name] = new(IsAppend: request["x-ms-blob-type"] == "AppendBlob") { Content = request.Body, Tag = NextTag(), Changed = now() };
        return Answer(201, blobs[name]);
    }

    private BlobResponse Append(BlobRequest request, string name, StoredBlob? blob)
    {
        if (blob is null)
            return Error(404, "BlobNotFound");
        if (request["x-ms-blob-condition-appendpos"] is { } at && long.Parse(at, CultureInfo.InvariantCulture) != blob.Content.Length)
            return Error(412, "AppendPositionConditionNotMet");
        var offset = blob.Content.Length;
        blobs[name] = blob with
        {
            Content = [.. blob.Content, .. request.Body],
            Blocks = blob.Blocks + 1,
            Tag = NextTag(),
            Changed = now(),
        };
        Appended?.Invoke(name, request.Body);
        return Answer(
            201, blobs[name], ("x-ms-blob-append-offset", $"{offset}"), ("x-ms-blob-committed-block-count", $"{blobs[name].Blocks}"));
    }

    private BlobResponse Lease(BlobRequest request, StoredBlob blob)
    {
        var id = request["x-ms-proposed-lease-id"] ?? request["x-ms-lease-id"] ?? "";
        var isHeld = blob.IsLeased(now());
        switch (request["x-ms-lease-action"])
        {
            case "acquire":
                if (isHeld && blob.Lease != id)
                    return Error(409, "LeaseAlreadyPresent");
                blob.Duration = TimeSpan.FromSeconds(int.Parse(request["x-ms-lease-duration"]!, CultureInfo.InvariantCulture));
                (blob.Lease, blob.LeasedUntil) = (id, now() + blob.Duration);
                return Answer(201, blob, ("x-ms-lease-id", id));
            case "renew":
                // One that has expired can be renewed while nobody else has taken it.
                if (blob.Lease != id)
                    return Error(409, "LeaseIdMismatchWithLeaseOperation");
                blob.LeasedUntil = now() + blob.Duration;
                return Answer(200, blob, ("x-ms-lease-id", id));
            case "release":
                if (blob.Lease != id)
                    return Error(409, "LeaseIdMismatchWithLeaseOperation");
                blob.Break();
                return Answer(200, blob);
            default:
                throw new NotSupportedException($"no such call: {request}");
        }
    }

    private static BlobResponse Get(BlobRequest request, StoredBlob blob)
    {
        if (request["if-none-match"] == blob.Tag)
            return new(304, [("ETag", blob.Tag)], []);
        (string, string)[] headers =
        [
            ("x-ms-blob-type", blob.IsAppend ? "AppendBlob" : "BlockBlob"),
            .. blob.IsAppend ? new[] { ("x-ms-blob-committed-block-count", $"{blob.Blocks}") } : [],
        ];
        var content = blob.Content;
        if ((request["x-ms-range"] ?? request["range"]) is not { } range)
            return Answer(200, blob, content, headers);
        var bounds = range["bytes=".Length..].Split('-');
        var first = int.Parse(bounds[0], CultureInfo.InvariantCulture);
        if (first >= content.Length)
            return Error(416, "InvalidRange");
        var wanted = bounds[1].Length == 0 ? long.MaxValue : long.Parse(bounds[1], CultureInfo.InvariantCulture);
        var last = (int)Math.Min(wanted, content.Length - 1);
        return Answer(206, blob, content[first..(last + 1)], [.. headers, ("Content-Range", $"bytes {first}-{last}/{content.Length}")]);
    }

    private BlobResponse Delete(string name)
    {
        blobs.Remove(name);
        return Answer(202);
    }

    private string NextTag() => string.Create(CultureInfo.InvariantCulture, $"\"0x{++tags:X}\"");

    private static BlobResponse Answer(int status, StoredBlob? blob = null, params (string, string)[] headers) =>
        Answer(status, blob, [], headers);

    private static BlobResponse Answer(int status, StoredBlob? blob, byte[] body, (string, string)[] headers) => new(
        status,
        blob is null
            ? headers
            : [("ETag", blob.Tag), ("Last-Modified", blob.Changed.ToString("R", CultureInfo.InvariantCulture)), .. headers],
        body);

    private static BlobResponse Error(int status, string code) => new(
        status,
        [("x-ms-error-code", code), ("Content-Type", "application/xml")],
        Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"));
}

/// <summary>A blob.</summary>
/// <param name="IsAppend">Whether it is an append blob.</param>
public sealed record StoredBlob(bool IsAppend)
{
    /// <summary>Its bytes.</summary>
    public byte[] Content { get; init; } = [];

    /// <summary>How many blocks were appended.</summary>
    public int Blocks { get; init; }

    /// <summary>Its ETag.</summary>
    public string Tag { get; init; } = "";

    /// <summary>When it changed last.</summary>
    public DateTimeOffset Changed { get; init; }

    /// <summary>Who leases it; empty for nobody.</summary>
    public string Lease { get; set; } = "";

    /// <summary>Until when.</summary>
    public DateTimeOffset LeasedUntil { get; set; }

    /// <summary>For how long at a time.</summary>
    public TimeSpan Duration { get; set; }

    /// <summary>Whether it is leased.</summary>
    public bool IsLeased(DateTimeOffset now) => Lease.Length > 0 && now < LeasedUntil;

    /// <summary>Ends the lease, whoever has it.</summary>
    public void Break() => (Lease, LeasedUntil) = ("", default);
}
