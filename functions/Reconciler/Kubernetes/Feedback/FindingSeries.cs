using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes.Feedback;

/// <summary>One finding about one very object, and the events.k8s.io/v1 Event that tells of it; when it comes back, the Event counts that.</summary>
/// <param name="finding">The finding.</param>
/// <param name="regarding">The object as it was when the finding appeared.</param>
/// <param name="since">When that was.</param>
internal sealed class FindingSeries(Finding finding, Resource regarding, DateTimeOffset since)
{
    /// <summary>What the API server takes: bytes of a note, characters of a name.</summary>
    private const int LongestNote = 1024;

    private const int LongestName = 253;

    /// <summary>Whether it is found now.</summary>
    public bool IsPresent { get; set; } = true;

    /// <summary>How often it appeared.</summary>
    public int Count { get; private set; } = 1;

    /// <summary>When it appeared last.</summary>
    public DateTimeOffset LastAppeared { get; private set; } = since;

    /// <summary>When it appeared first.</summary>
    public DateTimeOffset FirstAppeared { get; } = since;

    /// <summary>How often it had appeared when it was told last; 0 when it never was.</summary>
    public int Told { get; private set; }

    /// <summary>When it was told last.</summary>
    public DateTimeOffset LastTold { get; private set; }

    /// <summary>Whether the API server refused it; it is not tried again until that is forgotten.</summary>
    public bool IsRefused { get; set; }

    /// <summary>The object's uid.</summary>
    public string Uid => regarding.Metadata.Uid;

    /// <summary>What it costs.</summary>
    public Severity Severity => finding.Severity;

    /// <summary>The object.</summary>
    public ResourceKey Object => finding.Object;

    /// <summary>The namespace of the Event; <c>default</c> for an object that has none.</summary>
    public string Namespace => Object.Namespace.Length > 0 ? Object.Namespace : "default";

    /// <summary>The name of the Event: the same after a restart and in another instance, so that nothing is told twice.</summary>
    public string Name { get; } = NameOf(finding, regarding.Metadata.Uid);

    /// <summary>It was gone, and is there again.</summary>
    public void Returned(DateTimeOffset now) => (IsPresent, Count, LastAppeared) = (true, Count + 1, now);

    /// <summary>The Event says all of it.</summary>
    public void WasTold(DateTimeOffset now) => (Told, LastTold) = (Count, now);

    /// <summary>The Event, whole.</summary>
    /// <param name="controller">Who tells it.</param>
    /// <param name="instance">Which of its instances; at most 128 characters.</param>
    public JsonObject ToJson(string controller, string instance)
    {
        var kind = ResourceKinds.Of(Object.Kind);
        var reference = new JsonObject
        {
            ["apiVersion"] = kind.ApiVersion,
            ["kind"] = $"{kind.Kind}",
            ["name"] = Object.Name,
            ["uid"] = Uid,
            ["resourceVersion"] = regarding.Metadata.ResourceVersion,
        };
        if (Object.Namespace.Length > 0)
            reference["namespace"] = Object.Namespace;
        var json = new JsonObject
        {
            ["apiVersion"] = "events.k8s.io/v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = Namespace },
            ["eventTime"] = Time(FirstAppeared),
            ["reportingController"] = controller,
            ["reportingInstance"] = instance,
            ["action"] = "Translate",
            ["reason"] = finding.Reason,
            ["regarding"] = reference,
            ["note"] = Note(finding.Message),
            ["type"] = finding.Severity == Severity.Error ? "Warning" : "Normal",
        };
        if (Count > 1)
            json["series"] = Series();
        return json;
    }

    /// <summary>What of the Event changes when the finding comes back.</summary>
    public JsonObject ToPatch() => new() { ["series"] = Series() };

    private JsonObject Series() => new() { ["count"] = Count, ["lastObservedTime"] = Time(LastAppeared) };

    private static string NameOf(Finding finding, string uid)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{uid}\n{finding.Reason}\n{finding.Message}")))[..16];
        var name = finding.Object.Name;
        return $"{name[..Math.Min(name.Length, LongestName - 1 - hash.Length)].TrimEnd('.', '-')}.{hash}";
    }

    private static string Note(string message)
    {
        if (Encoding.UTF8.GetByteCount(message) <= LongestNote)
            return message;
        var bytes = new byte[LongestNote - "…"u8.Length];
        Encoding.UTF8.GetEncoder().Convert(message, bytes, flush: false, out _, out var used, out _);
        return Encoding.UTF8.GetString(bytes, 0, used) + "…";
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
