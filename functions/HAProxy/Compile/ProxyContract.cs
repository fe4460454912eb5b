using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Compile;

/// <summary>
/// What a proxy's bootstrap offers to the control plane. Proxies and functions are rolled one after the other, so each proxy says it
/// itself, in <c>description</c> of its <c>global</c> section, which <c>show info</c> gives back (infra/haproxy/README.md, "Contract").
/// A bootstrap that states nothing has contract 0.
/// </summary>
/// <param name="Number">Raised with each change of what the bootstrap offers.</param>
/// <param name="Profiles">Named <c>defaults</c> sections that backends can be made from.</param>
/// <param name="Maps">Maps that are filled at run time.</param>
/// <param name="Abilities">What else is relied on, by name: see <see cref="Certificates"/> and those beside it.</param>
public sealed record ProxyContract(
    int Number,
    ValueList<string> Profiles,
    ValueList<string> Maps,
    ValueList<string> Abilities)
{
    /// <summary>The number of this release's bootstraps.</summary>
    public const int Newest = 1;

    /// <summary>Ability: the list of certificates, and a default certificate that can be replaced.</summary>
    public const string Certificates = "certificates";

    /// <summary>Ability: the private link that a connection came by is passed on.</summary>
    public const string LinkId = "link-id";

    private const string Begins = "ingress-reconciler ";
    private const int MostOfStatement = 1_000, MostOfName = 64, MostOfNumber = 999_999;

    private static readonly SearchValues<char> OfName = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789@.-_");

    /// <summary>Every part that this release knows, with the contract that brought it.</summary>
    private static readonly ImmutableArray<Part> Parts =
    [
        new(0, ProxyRole.Ingress, "profile", "http", "no backend can be made"),
        new(0, ProxyRole.Ingress, "map", BootstrapNames.RouteMap, "nothing is routed"),
        new(0, ProxyRole.Ingress, "map", BootstrapNames.ProxySourceMap, "no PROXY header is believed"),
        new(0, ProxyRole.Ingress, "map", BootstrapNames.ForwarderMap, "what other proxies say of a client is dropped"),
        new(0, ProxyRole.Ingress, "map", BootstrapNames.StateMap, "it is never ready"),
        new(0, ProxyRole.Ingress, "ability", Certificates, "no certificate but the bootstrap's own is shown"),
        new(0, ProxyRole.Ingress, "ability", LinkId, "pods are not told the private link"),
        new(0, ProxyRole.Ingress, "ability", "no-route", "503 is answered instead of 404 where a host ends"),
        new(0, ProxyRole.Ingress, "ability", "probe", "probes get no answer"),
        new(0, ProxyRole.Ingress, "ability", "ready", "the edge's health checks get no answer"),
        new(0, ProxyRole.Edge, "profile", "tcp", "no backend can be made"),
        new(0, ProxyRole.Edge, "map", BootstrapNames.RouteMap, "nothing is routed"),
        new(0, ProxyRole.Edge, "map", BootstrapNames.StateMap, "it is never ready"),
        new(0, ProxyRole.Edge, "ability", LinkId, "the private link is not passed on"),
        new(0, ProxyRole.Edge, "ability", "probe", "there is no way through for probes"),
    ];

    /// <summary>Why what the bootstrap states was not taken, and is contract 0 therefore; null when it was, or nothing is stated.</summary>
    public string? Unread { get; init; }

    /// <summary>What to do where something is missing, as the end of a sentence.</summary>
    public string Remedy => Unread is not null
        ? "correct the line 'description' of the bootstrap, or roll the proxy to the bootstrap of this release"
        : Number > Newest
            ? "update the function to the release that this bootstrap is of"
            : "roll the proxy to the bootstrap of this release";

    /// <summary>The contract of a bootstrap that states none: what bootstraps had when they began to state it.</summary>
    public static ProxyContract Unstated(ProxyRole role) => Of(0, role);

    /// <summary>The contract of this release's bootstrap.</summary>
    public static ProxyContract Known(ProxyRole role) => Of(Newest, role);

    /// <summary>Reads a process's description; null for none. What cannot be read is contract 0, with <see cref="Unread"/>.</summary>
    public static ProxyContract Read(string? description, ProxyRole role)
    {
        if (description is null || !description.StartsWith(Begins, StringComparison.Ordinal))
            return Unstated(role);
        if (description.Length > MostOfStatement)
            return Wrong($"it has more than {MostOfStatement} characters");
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in description[Begins.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Split('=') is not [var key, var value] || !fields.TryAdd(key, value))
                return Wrong($"'{word}' is no field, or one that was there before");
        }

        if (!int.TryParse(fields.GetValueOrDefault("contract"), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number is 0 or > MostOfNumber)
            return Wrong($"its number is not between 1 and {MostOfNumber}");
        var (profiles, maps, abilities) = (Names("profiles"), Names("maps"), Names("abilities"));
        if (profiles.Concat(maps).Concat(abilities).FirstOrDefault(name => !IsName(name)) is { } bad)
            return Wrong($"'{bad}' is no name of a part");
        return maps.Contains(BootstrapNames.RouteMap) && maps.Contains(BootstrapNames.StateMap)
            ? new(number, profiles, maps, abilities)
            : Wrong($"no proxy of ours is without the maps {BootstrapNames.RouteMap} and {BootstrapNames.StateMap}");

        ValueList<string> Names(string field) =>
            fields.GetValueOrDefault(field) is { Length: > 0 } names ? [.. names.Split(',').Distinct()] : [];

        ProxyContract Wrong(ShownText why) => Unstated(role) with { Unread = ShownText.Of($"{why}: '{description}'") };
    }

    /// <summary>Whether the bootstrap's contract was understood, and has all that this release knows.</summary>
    public bool IsWhole(ProxyRole role) => Unread is null && !Lacking(role).Any();

    /// <summary>What is to be known of a bootstrap that is not this release's, as the end of a sentence; null for nothing.</summary>
    public string? Notice(ProxyRole role)
    {
        if (Unread is not null)
            return $"states a contract in its bootstrap that cannot be read, and is taken for contract 0 ({Unread}): {Remedy}";
        var lacks = string.Join(", ", Lacking(role));
        if (Number == Newest && lacks.Length == 0)
            return null;
        var age = Number < Newest ? "older than" : Number > Newest ? "newer than" : "as old as";
        var notice = ShownText.Of($"has a bootstrap with contract {Number}, {age} this release's {Newest}");
        var unknown = string.Join(", ", Names.Except(Known(role).Names));
        if (unknown.Length > 0)
            notice = $"{notice}; what both know is used, and not {unknown}";
        return lacks.Length > 0
            ? $"{notice}; it lacks {lacks}: {Remedy}"
            : $"{notice}; it lacks nothing that this release uses";
    }

    /// <summary>The same for whoever knows no HAProxy.</summary>
    public ProxyBootstrap Summary(ProxyRole role) => new(Number, [.. Names])
    {
        Notice = Notice(role),
        Remedy = IsWhole(role) ? null : Remedy,
    };

    private IEnumerable<string> Names =>
        [
            .. Profiles.Select(name => $"profile {name}"),
            .. Maps.Select(name => $"map {name}"),
            .. Abilities.Select(name => $"ability {name}"),
        ];

    private IEnumerable<string> Lacking(ProxyRole role) =>
        from part in Parts
        where part.Role == role && !Names.Contains($"{part.Kind} {part.Name}")
        select $"{part.Kind} {part.Name} ({part.Without})";

    private static ProxyContract Of(int number, ProxyRole role)
    {
        return new(number, Names("profile"), Names("map"), Names("ability"));

        ValueList<string> Names(string kind) =>
            [.. Parts.Where(part => part.Since <= number && part.Role == role && part.Kind == kind).Select(part => part.Name)];
    }

    private static bool IsName(string name) => name.Length is > 0 and <= MostOfName && !name.AsSpan().ContainsAnyExcept(OfName);

    private sealed record Part(int Since, ProxyRole Role, string Kind, string Name, string Without);
}
