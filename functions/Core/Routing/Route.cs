using System.Text.Json.Serialization;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>One rule of one host: which requests, what is done to them, where they go.</summary>
public sealed record Route
{
    /// <summary>Which requests.</summary>
    public required RouteMatch Match { get; init; }

    /// <summary>What is done to request and response, in order.</summary>
    [JsonConverter(typeof(ValueListConverter<RouteFilter>))]
    public ValueList<RouteFilter> Filters { get; init; } = [];

    /// <summary>Where they go, by weight; none means 503.</summary>
    [JsonConverter(typeof(ValueListConverter<WeightedBackend>))]
    public ValueList<WeightedBackend> Backends { get; init; } = [];

    /// <summary>Deadlines; null for the profile's.</summary>
    public RouteTimeouts? Timeouts { get; init; }

    /// <summary>The object and field that asked for it.</summary>
    public required RouteOrigin Origin { get; init; }
}

/// <summary>Who asked for a route.</summary>
/// <param name="Object">The object.</param>
/// <param name="Field">The field inside it, as a JSON path without the dollar.</param>
public readonly record struct RouteOrigin(ResourceKey Object, string Field);

/// <summary>What a request must look like; all parts must hold (Gateway API HTTPRouteMatch).</summary>
public sealed record RouteMatch
{
    /// <summary>The path.</summary>
    public required PathMatch Path { get; init; }

    /// <summary>The method; null for any.</summary>
    public string? Method { get; init; }

    /// <summary>Header conditions.</summary>
    [JsonConverter(typeof(ValueListConverter<ValueMatch>))]
    public ValueList<ValueMatch> Headers { get; init; } = [];

    /// <summary>Query parameter conditions.</summary>
    [JsonConverter(typeof(ValueListConverter<ValueMatch>))]
    public ValueList<ValueMatch> Query { get; init; } = [];
}

/// <summary>How a path is compared.</summary>
public enum PathMatchType
{
    /// <summary>Equal, byte for byte.</summary>
    Exact,

    /// <summary>Element by element: <c>/a</c> matches <c>/a</c> and <c>/a/b</c>, not <c>/ab</c>.</summary>
    Prefix,
}

/// <summary>A path condition. The value is in the normal form of <see cref="RoutePath"/>; a prefix ends without a slash unless it is <c>/</c>.</summary>
/// <param name="Type">How.</param>
/// <param name="Value">With what.</param>
public readonly record struct PathMatch(PathMatchType Type, string Value);

/// <summary>A condition on a named value.</summary>
/// <param name="Name">Header (compared without case) or query parameter.</param>
/// <param name="Value">Equal to this, or matched by this expression.</param>
/// <param name="Regex">Whether the value is a regular expression (RE2 syntax).</param>
public sealed record ValueMatch(string Name, string Value, bool Regex = false);

/// <summary>A share of a route's requests.</summary>
/// <param name="Upstream">Where they go.</param>
/// <param name="Weight">Relative share; 0 gets none.</param>
public sealed record WeightedBackend(Upstream Upstream, int Weight = 1);

/// <summary>Deadlines of a route.</summary>
/// <param name="Request">From the whole request to the whole response.</param>
/// <param name="Backend">One attempt at one backend.</param>
public sealed record RouteTimeouts(TimeSpan? Request, TimeSpan? Backend);

/// <summary>Something done to a request or a response.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "filter")]
[JsonDerivedType(typeof(HeaderFilter), "headers")]
[JsonDerivedType(typeof(RedirectFilter), "redirect")]
[JsonDerivedType(typeof(RewriteFilter), "rewrite")]
public abstract record RouteFilter;

/// <summary>Changes headers.</summary>
/// <param name="Response">Of the response; else of the request.</param>
/// <param name="Action">Set, add or remove.</param>
/// <param name="Name">Header name.</param>
/// <param name="Value">Value; null when removed.</param>
public sealed record HeaderFilter(bool Response, HeaderAction Action, string Name, string? Value) : RouteFilter;

/// <summary>What is done to a header.</summary>
public enum HeaderAction
{
    /// <summary>Replaces all of that name.</summary>
    Set,

    /// <summary>Adds one more.</summary>
    Add,

    /// <summary>Removes all of that name.</summary>
    Remove,
}

/// <summary>Answers with a redirect. Null parts are taken from the request.</summary>
/// <param name="Status">301, 302, 303, 307 or 308.</param>
/// <param name="Scheme">http or https.</param>
/// <param name="Host">Host.</param>
/// <param name="Port">Port.</param>
/// <param name="Path">Replaces the whole path.</param>
public sealed record RedirectFilter(int Status, string? Scheme, string? Host, int? Port, string? Path) : RouteFilter;

/// <summary>Sends another host or path to the pod than the client asked for.</summary>
/// <param name="Host">Host; null to keep.</param>
/// <param name="Path">Replaces the whole path, or the matched prefix.</param>
/// <param name="PrefixOnly">Whether only the matched prefix is replaced.</param>
public sealed record RewriteFilter(string? Host, string? Path, bool PrefixOnly) : RouteFilter;
