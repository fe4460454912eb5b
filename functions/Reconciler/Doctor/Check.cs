using System.Text.Json.Serialization;
using IngressReconciler.Cluster;

namespace IngressReconciler.Doctor;

/// <summary>What came of a check.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckState>))]
public enum CheckState
{
    /// <summary>As it should be.</summary>
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>It works, and will not for ever, or not as well as it could.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>It does not work, or is not safe.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>It could not be looked at, or does not apply.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What was looked at, in one word for programs, such as <c>admin-channel</c>.</param>
/// <param name="Subject">Of what, such as <c>proxy p1</c>.</param>
/// <param name="State">What came of it.</param>
/// <param name="Found">What was found, for people.</param>
/// <param name="Cure">What to do about it; null when there is nothing to do.</param>
public sealed record Check([property: JsonPropertyName("check")] string Name, string Subject, CheckState State, string Found, string? Cure = null)
{
    private const int Most = 2_000;

    /// <summary>Of what, fit for a terminal.</summary>
    public string Subject { get; } = ShownText.Clean(Subject, Most);

    /// <summary>What was found, fit for a terminal.</summary>
    public string Found { get; } = ShownText.Clean(Found, Most);

    /// <summary>What to do about it, fit for a terminal; null when there is nothing to do.</summary>
    public string? Cure { get; } = Cure is null ? null : ShownText.Clean(Cure, Most);

    /// <summary>As it should be.</summary>
    public static Check Ok(string name, string subject, string found) => new(name, subject, CheckState.Ok, found);

    /// <summary>It works, with something to be done.</summary>
    public static Check Warning(string name, string subject, string found, string cure) => new(name, subject, CheckState.Warning, found, cure);

    /// <summary>It does not work, or is not safe.</summary>
    public static Check Failed(string name, string subject, string found, string cure) => new(name, subject, CheckState.Failed, found, cure);

    /// <summary>It was not looked at.</summary>
    public static Check Skipped(string name, string subject, string why, string? cure = null) => new(name, subject, CheckState.Skipped, why, cure);
}
