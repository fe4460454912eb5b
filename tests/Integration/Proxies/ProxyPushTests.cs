using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>What goes to a proxy together: a control plane may be far away, and every push waits for its round trips.</summary>
public sealed class ProxyPushTests(HAProxyProcess haproxy) : IClassFixture<HAProxyProcess>, IAsyncLifetime
{
    private readonly Objects objects = new("push");
    private DesiredState wanted = DesiredState.Of(ClusterState.Empty, new());
    private RuntimeConnection connection = null!;
    private TappedStream stream = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await haproxy.KillAsync();
        await haproxy.StartAsync();
        using var credentials = haproxy.Pki.Credentials();
        var options = HAProxyProcess.Options;
        stream = new(await AdminTls.ConnectAsync(haproxy.Address, credentials, options.ServerName, Cancelled));
        connection = await RuntimeConnection.GreetAsync(
            haproxy.Address.Name, ProxyRole.Ingress, stream, credentials.Subject, options, TimeProvider.System, Cancelled);
        Change(objects.Class(), objects.Service("web"), Pods(1, 2), objects.Ingress("web", ("web.example", "/", "web")));
        await PushAsync(PlanScope.All());
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    [Fact]
    public async Task A_new_pod_comes_with_the_first_round_trip_and_the_old_one_goes_with_the_second()
    {
        var trips = await PushAsync(Change(Pods(2, 3)));

        Assert.Equal(3, trips.Length);
        Assert.Equal(["set map virt@state push open", "add server http:shop:web:80/pod-3_10.0.0.3_8080 ipv4@10.0.0.3:8080 maxconn 1000", "set server http:shop:web:80/pod-3_10.0.0.3_8080 state ready"], Changes(trips[0]));
        Assert.Equal(["set server http:shop:web:80/pod-1_10.0.0.1_8080 state maint"], Changes(trips[1]));
        Assert.Contains("show servers state http:shop:web:80", trips[1]);
        Assert.Equal(["set map virt@state push done"], Changes(trips[2]));
    }

    [Fact]
    public async Task Where_there_is_nothing_but_new_pods_the_first_round_trip_proves_them()
    {
        var trips = await PushAsync(Change(Pods(1, 2, 3, 4)));

        Assert.Equal(2, trips.Length);
        Assert.True(trips[0].IndexOf("set server http:shop:web:80/pod-4_10.0.0.4_8080 state ready") < trips[0].IndexOf("show servers state http:shop:web:80"));
        Assert.Equal(["set map virt@state push done"], Changes(trips[1]));
    }

    [Fact]
    public async Task A_new_host_is_led_to_a_Service_that_is_there_with_the_second_round_trip()
    {
        var trips = await PushAsync(Change(objects.Ingress("more", ("more.example", "/", "web"))));

        Assert.Equal(3, trips.Length);
        Assert.Empty(Changes(trips[0]));
        Assert.Equal(["set map virt@state push open", "add map virt@routes ingress|more.example/ http:shop:web:80"], Changes(trips[1])[..2]);
        Assert.Equal(["set map virt@state push done"], Changes(trips[2]));
    }

    [Fact]
    public async Task A_new_Service_is_there_before_its_host_is_led_to_it()
    {
        var trips = await PushAsync(Change(
            objects.Service("api"), objects.Slice("api", 8080, ("10.0.1.1", "api-1", "ready")), objects.Ingress("api", ("api.example", "/", "api"))));

        Assert.Equal(3, trips.Length);
        Assert.Equal("publish backend http:shop:api:80", Changes(trips[0])[^1]);
        Assert.Contains("add map virt@routes ingress|api.example/ http:shop:api:80", trips[1]);
    }

    [Fact]
    public async Task A_pod_that_somebody_made_already_is_no_trouble_and_a_Service_that_somebody_removed_is_there_again()
    {
        var scope = Change(Pods(1, 2, 3), objects.Service("api"), objects.Ingress("api", ("api.example", "/", "api")));
        await TellAsync("add server http:shop:web:80/pod-3_10.0.0.3_8080 ipv4@10.0.0.3:8080", "add backend http:shop:api:80 from http");
        await PushAsync(scope);

        scope = Change(objects.Slice("api", 8080, ("10.0.1.1", "api-1", "ready")));
        await TellAsync("unpublish backend http:shop:api:80", "wait 5s be-removable http:shop:api:80", "del backend http:shop:api:80");
        var trips = await PushAsync(scope);

        Assert.Equal(3, trips.Length);
        Assert.Equal(["add backend http:shop:api:80 from http", "add server http:shop:api:80/api-1_10.0.1.1_8080 ipv4@10.0.1.1:8080 maxconn 1000"], Changes(trips[1])[..2]);
    }

    private JsonObject Pods(params int[] numbers) => objects.Slice("web", 8080, numbers.Select(i => ($"10.0.0.{i}", $"pod-{i}", "ready")));

    private PlanScope Change(params JsonObject[] changed)
    {
        var changes = changed.Select(one => ClusterEvent.TryRead(objects.Applied(one), out var read, out var refusal) ? ((ChangeEvent)read).Change : throw new InvalidOperationException(refusal));
        var before = wanted;
        (wanted, var difference) = wanted.After(changes, DateTimeOffset.UnixEpoch);
        var scope = new PlanScope();
        scope.Add(before, wanted, difference);
        return scope;
    }

    /// <summary>Pushes, and gives the commands of each round trip.</summary>
    private async Task<List<string>[]> PushAsync(PlanScope scope)
    {
        stream.Written.Clear();
        await ProxyPush.RunAsync(
            connection, wanted.Compiled(), 1, scope, Refusals.None,
            (_, _, _) => throw new InvalidOperationException("no certificate is wanted"),
            Cancelled);
        var left = HAProxyPlanner.Plan(wanted.Compiled(), 1, await Stage.StateAsync(haproxy), PlanScope.All());
        Assert.True(left.IsDone, string.Join('\n', left.Steps));
        return [.. stream.Written.Select(text => text.Split('\n').SkipLast(2).ToList())];
    }

    private async Task TellAsync(params string[] commands)
    {
        foreach (var reply in await connection.SendAsync([.. commands.Select(command => new RuntimeCommand(command))], Cancelled))
            Assert.False(reply.IsError, reply.Text);
    }

    private static string[] Changes(List<string> commands) => [.. commands.Where(command => !command.StartsWith("show ", StringComparison.Ordinal) && !command.StartsWith("get ", StringComparison.Ordinal))];

    /// <summary>Keeps what is written: the commands of a round trip, as long as they are few, are one write.</summary>
    private sealed class TappedStream(Stream inner) : Stream
    {
        public List<string> Written { get; } = [];

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written.Add(Encoding.UTF8.GetString(buffer.Span));
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await base.DisposeAsync();
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
