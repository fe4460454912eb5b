using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

public class RouteListTests
{
    [Fact]
    public void Routes_are_in_the_order_in_which_they_are_tried_and_else_in_the_given_one()
    {
        RouteList list = [Prefix("/"), Prefix("/b"), Prefix("/long"), Exact("/a"), Prefix("/a")];
        Assert.Equal(
            ["Exact /a", "Prefix /long", "Prefix /b", "Prefix /a", "Prefix /"],
            list.Select(route => $"{route.Match.Path.Type} {route.Match.Path.Value}"));
        Assert.Equal(list[3], list.Find(list[3].Match));
        Assert.Null(list.Find(Exact("/b").Match));
    }

    [Fact]
    public void Lists_with_equal_routes_are_equal_however_they_were_made()
    {
        RouteList list = [Prefix("/a"), Prefix("/")];
        RouteList other = [Prefix("/"), Prefix("/a")];
        Assert.Equal(list, other);
        Assert.Equal(list.GetHashCode(), other.GetHashCode());
        Assert.NotEqual(list, [Prefix("/a")]);
        Assert.NotEqual(list, [Prefix("/b"), Prefix("/")]);
    }

    [Fact]
    public void A_list_is_written_as_an_array_and_read_back()
    {
        var host = new HostRoutes { Routes = [Prefix("/b"), Prefix("/a"), Exact("/a")] };
        var json = JsonSerializer.Serialize(host, VersionJson.Default.HostRoutes);
        var read = JsonSerializer.Deserialize(json, VersionJson.Default.HostRoutes)!;
        Assert.Equal(host, read);
        Assert.Equal(json, JsonSerializer.Serialize(read, VersionJson.Default.HostRoutes));
    }

    [Fact]
    public void The_routes_of_a_difference_that_no_translation_made_are_found_by_comparing()
    {
        HostRoutes before = new() { Routes = [Prefix("/a"), Prefix("/b"), Prefix("/")] };
        HostRoutes after = new() { Routes = [Prefix("/a"), Prefix("/b", "other"), Exact("/b")] };
        var routes = new HostDifference(new("t", "h"), before, after).Routes;
        Assert.Equal(
            [new(null, after.Routes[0]), new(before.Routes[1], after.Routes[2]), new(before.Routes[2], null)],
            routes.ToArray());
    }

    private static Route Exact(string path) => Route(new(PathMatchType.Exact, path), "s");

    private static Route Prefix(string path, string service = "s") => Route(new(PathMatchType.Prefix, path), service);

    private static Route Route(PathMatch path, string service) => new()
    {
        Match = new() { Path = path },
        Backends = [new(new("n", service, "80"))],
        Origin = new(new(ResourceKind.Ingress, "n", "i"), "f"),
    };
}
