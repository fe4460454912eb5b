using System.Collections;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace IngressReconciler.Routing;

/// <summary>
/// The routes of one host, each match once, the one that is tried first at the head. Immutable: a list with one route more or less shares
/// all else with the list before it, so that it costs that route. Compares by value, and is written as an array.
/// </summary>
[CollectionBuilder(typeof(RouteList), nameof(Create))]
public sealed class RouteList : IReadOnlyList<Route>, IEquatable<RouteList>
{
    private readonly ImmutableSortedSet<RankedRoute> ordered;
    private readonly ImmutableDictionary<RouteMatch, RankedRoute> byMatch;

    private RouteList(ImmutableSortedSet<RankedRoute> ordered, ImmutableDictionary<RouteMatch, RankedRoute> byMatch)
    {
        this.ordered = ordered;
        this.byMatch = byMatch;
    }

    /// <summary>No route.</summary>
    public static RouteList Empty { get; } = new(
        ImmutableSortedSet.Create(RankedRoute.TriedFirst), ImmutableDictionary<RouteMatch, RankedRoute>.Empty);

    /// <inheritdoc/>
    public int Count => ordered.Count;

    /// <inheritdoc/>
    public Route this[int index] => ordered[index].Route;

    /// <summary>What a collection expression calls: routes in the order of <see cref="RoutePrecedence"/>; else in the given one.</summary>
    public static RouteList Create(ReadOnlySpan<Route> routes)
    {
        var list = Empty.ToBuilder();
        for (var i = 0; i < routes.Length; i++)
            list.Add(new(routes[i], default, i));
        return list.ToImmutable();
    }

    /// <summary>The route of a match; null when there is none. Costs the logarithm of the list's length.</summary>
    public Route? Find(RouteMatch match) => byMatch.GetValueOrDefault(match)?.Route;

    /// <inheritdoc/>
    public IEnumerator<Route> GetEnumerator()
    {
        foreach (var one in ordered)
            yield return one.Route;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(RouteList? other) =>
        ReferenceEquals(this, other) || (other is not null && Count == other.Count && this.SequenceEqual(other));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RouteList);

    /// <inheritdoc/>
    public override int GetHashCode() => Count == 0 ? 0 : HashCode.Combine(Count, this[0], this[^1]);

    /// <summary>This list with routes that come after those that nothing else puts them before.</summary>
    internal RouteList With(ValueList<Route> added)
    {
        var list = ToBuilder();
        for (var i = 0; i < added.Count; i++)
            list.Add(new(added[i], default, i, IsAdded: true));
        return list.ToImmutable();
    }

    /// <summary>The same, to be changed.</summary>
    internal Builder ToBuilder() => new(this);

    /// <summary>A list that is being changed.</summary>
    internal sealed class Builder(RouteList before)
    {
        private readonly ImmutableSortedSet<RankedRoute>.Builder ordered = before.ordered.ToBuilder();
        private readonly ImmutableDictionary<RouteMatch, RankedRoute>.Builder byMatch = before.byMatch.ToBuilder();
        private bool changed;

        /// <summary>The route of a match, with its rank.</summary>
        public RankedRoute? this[RouteMatch match] => byMatch.GetValueOrDefault(match);

        /// <summary>Adds a route of another match than all others.</summary>
        public void Add(RankedRoute route)
        {
            byMatch.Add(route.Route.Match, route);
            changed |= ordered.Add(route);
        }

        /// <summary>Removes a route that is there.</summary>
        public void Remove(RankedRoute route)
        {
            byMatch.Remove(route.Route.Match);
            changed |= ordered.Remove(route);
        }

        /// <summary>The list as it is now; the same one when nothing has changed.</summary>
        public RouteList ToImmutable() => changed ? new(ordered.ToImmutable(), byMatch.ToImmutable()) : before;
    }
}

/// <summary>Reads and writes a <see cref="RouteList"/> as a JSON array.</summary>
public sealed class RouteListConverter : JsonConverter<RouteList>
{
    private static readonly ValueListConverter<Route> Items = new();

    /// <inheritdoc/>
    public override RouteList Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        RouteList.Create(Items.Read(ref reader, typeof(ValueList<Route>), options).Items.AsSpan());

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, RouteList value, JsonSerializerOptions options) =>
        Items.Write(writer, value.ToValueList(), options);
}
