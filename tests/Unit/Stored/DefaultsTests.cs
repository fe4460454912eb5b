using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>
/// A member that is added to the routing model leaves the hash of all routing that does not use it as it was: it is not written where it
/// has its default.
/// </summary>
public sealed class DefaultsTests
{
    /// <summary>What each type of the model writes with all at its default. It is part of the format: no line ever changes.</summary>
    private static readonly Dictionary<Type, (object Value, string Json)> Defaults = new()
    {
        [typeof(RoutingSettings)] = (new RoutingSettings(), """{"listeners":[],"proxyProtocol":{"sources":[]}}"""),
        [typeof(Listener)] = (new Listener("", 0, default, ""), """{"name":"","port":0,"protocol":"Http","table":""}"""),
        [typeof(ProxyProtocolSettings)] = (new ProxyProtocolSettings(), """{"sources":[]}"""),
        [typeof(ProxySource)] = (new ProxySource("", false), """{"network":"","required":false}"""),
        [typeof(CertificateReference)] = (new CertificateReference("", ""), """{"namespace":"","name":""}"""),
        [typeof(HostRoutes)] = (new HostRoutes(), """{"routes":[]}"""),
        [typeof(Route)] = (
            new Route { Match = new() { Path = new(default, "") }, Origin = new(new(default, "", ""), "") },
            """{"match":{"path":{"type":"Exact","value":""},"headers":[],"query":[]},"filters":[],"backends":[],"origin":{"object":"""
            + """{"kind":"IngressClass","namespace":"","name":""},"field":""}}"""),
        [typeof(RouteMatch)] = (
            new RouteMatch { Path = new(default, "") },
            """{"path":{"type":"Exact","value":""},"headers":[],"query":[]}"""),
        [typeof(PathMatch)] = (new PathMatch(default, ""), """{"type":"Exact","value":""}"""),
        [typeof(ValueMatch)] = (new ValueMatch("", ""), """{"name":"","value":"","regex":false}"""),
        [typeof(WeightedBackend)] = (
            new WeightedBackend(new("", "", "")),
            """{"upstream":{"namespace":"","service":"","port":"","protocol":"Http","sendProxy":"None"},"weight":1}"""),
        [typeof(Upstream)] = (new Upstream("", "", ""), """{"namespace":"","service":"","port":"","protocol":"Http","sendProxy":"None"}"""),
        [typeof(RouteTimeouts)] = (new RouteTimeouts(null, null), "{}"),
        [typeof(RouteOrigin)] = (
            new RouteOrigin(new(default, "", ""), ""), """{"object":{"kind":"IngressClass","namespace":"","name":""},"field":""}"""),
        [typeof(Cluster.ResourceKey)] = (new Cluster.ResourceKey(default, "", ""), """{"kind":"IngressClass","namespace":"","name":""}"""),
        [typeof(HeaderFilter)] = (new HeaderFilter(false, default, "", null), """{"response":false,"action":"Set","name":""}"""),
        [typeof(RedirectFilter)] = (new RedirectFilter(0, null, null, null, null), """{"status":0}"""),
        [typeof(RewriteFilter)] = (new RewriteFilter(null, null, false), """{"prefixOnly":false}"""),
    };

    [Fact]
    public void Every_type_of_the_model_writes_what_it_always_wrote_where_all_is_at_its_default()
    {
        Assert.Equal(Defaults.Keys.Select(type => type.Name).Order(), Types().Select(type => type.Name).Order());
        Assert.All(Defaults, one => Assert.True(
            one.Value.Json == Write(one.Value.Value, VersionJson.Default),
            $"{one.Key.Name} at its defaults is written {Write(one.Value.Value, VersionJson.Default)}. A member that is added must be "
            + "left out there, or all routing has another hash: give it [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)], "
            + "and a default that is false, zero or null."));
    }

    [Theory]
    [InlineData(JsonIgnoreCondition.WhenWritingDefault, true)]
    [InlineData(JsonIgnoreCondition.Never, false)]
    public void A_member_that_is_added_that_way_changes_no_byte_and_another_way_would_be_noticed(JsonIgnoreCondition condition, bool isSame)
    {
        var added = VersionJson.Default.WithAddedModifier(type =>
        {
            if (type.Type != typeof(HostRoutes))
                return;
            var member = type.CreateJsonPropertyInfo(typeof(bool), "later");
            member.Get = _ => false;
            member.ShouldSerialize = (_, value) => condition == JsonIgnoreCondition.Never || value is not false;
            type.Properties.Add(member);
        });
        Assert.Equal(isSame, Defaults[typeof(HostRoutes)].Json == Write(new HostRoutes(), added));
    }

    private static string Write(object value, IJsonTypeInfoResolver resolver) => JsonSerializer.Serialize(
        value, new JsonSerializerOptions(VersionJson.Default.Options) { TypeInfoResolver = resolver }.GetTypeInfo(value.GetType()));

    /// <summary>All types of ours that stand in a host or in the settings.</summary>
    private static HashSet<Type> Types()
    {
        var types = new HashSet<Type>();
        Add(typeof(HostRoutes));
        Add(typeof(RoutingSettings));
        return types;

        void Add(Type type)
        {
            var inner = type == typeof(RouteList)
                ? typeof(Route)
                : Nullable.GetUnderlyingType(type) ?? (type.IsGenericType ? type.GetGenericArguments()[0] : type);
            if (inner.Assembly != typeof(HostRoutes).Assembly || inner.IsEnum)
                return;
            var info = VersionJson.Default.GetTypeInfo(inner)!;
            if (info.PolymorphismOptions is { } derived)
            {
                foreach (var one in derived.DerivedTypes)
                    Add(one.DerivedType);
            }
            else if (types.Add(inner))
            {
                foreach (var member in info.Properties.Where(member => member.Get is not null))
                    Add(member.PropertyType);
            }
        }
    }
}
