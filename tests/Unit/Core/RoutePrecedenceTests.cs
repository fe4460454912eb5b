using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Gateway API, HTTPRouteRule.matches: exact path; longest prefix; method; most headers; most query parameters.</summary>
public class RoutePrecedenceTests
{
    /// <summary>From the one that is tried first to the one that is tried last; each line is decided by one criterion against all below it.</summary>
    private static readonly RouteMatch[] InOrder =
    [
        Match(PathMatchType.Exact, "/a/b"),
        Match(PathMatchType.Exact, "/a", method: "GET", headers: 1),
        Match(PathMatchType.Exact, "/a", method: "GET"),
        Match(PathMatchType.Exact, "/a", headers: 2, query: 1),
        Match(PathMatchType.Exact, "/a", headers: 1, query: 3),
        Match(PathMatchType.Exact, "/a", query: 3),
        Match(PathMatchType.Exact, "/a", query: 1),
        Match(PathMatchType.Exact, "/a"),
        Match(PathMatchType.Prefix, "/long/path"),
        Match(PathMatchType.Prefix, "/long", method: "GET", headers: 3, query: 3),
        Match(PathMatchType.Prefix, "/", method: "GET"),
        Match(PathMatchType.Prefix, "/", headers: 1),
        Match(PathMatchType.Prefix, "/", query: 1),
        Match(PathMatchType.Prefix, "/"),
    ];

    [Fact]
    public void Routes_are_tried_in_the_order_of_the_Gateway_API()
    {
        for (var i = 0; i < InOrder.Length; i++)
        {
            for (var j = 0; j < InOrder.Length; j++)
                Assert.Equal(i.CompareTo(j), Math.Sign(RoutePrecedence.Order.Compare(InOrder[i], InOrder[j])));
        }
    }

    [Fact]
    public void What_nothing_decides_is_left_to_the_age_of_the_objects() =>
        Assert.Equal(0, RoutePrecedence.Order.Compare(Match(PathMatchType.Prefix, "/a", method: "GET"), Match(PathMatchType.Prefix, "/b", method: "PUT")));

    private static RouteMatch Match(PathMatchType type, string path, string? method = null, int headers = 0, int query = 0) => new()
    {
        Path = new(type, path),
        Method = method,
        Headers = Enumerable.Range(0, headers).Select(i => new ValueMatch($"h{i}", "x")).ToValueList(),
        Query = Enumerable.Range(0, query).Select(i => new ValueMatch($"q{i}", "x")).ToValueList(),
    };
}
