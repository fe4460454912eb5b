using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Composition;
using IngressReconciler.Doctor;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Integration.Edge;
using Xunit;

namespace IngressReconciler.Tests.Integration.Doctor;

/// <summary>A cluster with an edge that sends PROXY headers, in which nothing is wrong until a test plants something.</summary>
internal sealed class DoctorStage : IAsyncLifetime
{
    private readonly SetClock clock = new();
    private AzuriteProcess? azurite;

    /// <summary>Whether storage is this stage's alone, and may be stopped.</summary>
    public bool OwnStorage { get; init; }

    /// <summary>Nodes, edge proxies, objects.</summary>
    public EdgeStage Edge { get; } = new();

    /// <summary>The instance that is asked.</summary>
    public Clusters Clusters { get; private set; } = null!;

    /// <summary>The cluster's id.</summary>
    public string Id => Edge.Stage.ClusterId;

    public async ValueTask InitializeAsync()
    {
        if (OwnStorage)
            Edge.Stage.StoragePort = (azurite = await AzuriteProcess.StartAsync()).Port;
        await Edge.InitializeAsync();
        await OpenAsync();
        await Clusters.AcceptAsync(await Edge.ObjectsAsync());
        await Clusters.All[Id].AcceptAsync([new Applied(new ProxyProtocol
        {
            Metadata = new() { Name = ProxyProtocol.EdgeKey.Name, ResourceVersion = "1" },
            Spec = new(HeaderAcceptance.Required, SendProxy.V2, SendProxy.V2),
        })]);
        await Clusters.ResyncAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        if (azurite is not null)
            await azurite.DisposeAsync();
    }

    /// <summary>What the doctor says of everything.</summary>
    public async Task<Check[]> AskAsync()
    {
        // Lies are told from where nobody is trusted: the edge's own address is.
        Clusters.DoctorOf(Id).From = Edge.Client(9);
        return await Clusters.DoctorOf(Id).RunAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Starts the instance anew with other settings.</summary>
    public async Task OpenAsync(Func<RoutingOptions, RoutingOptions>? change = null, string? manifests = null)
    {
        if (Clusters is not null)
            await Clusters.DisposeAsync();
        Clusters = Edge.Open(change, clock, options => options with { Deadline = TimeSpan.FromSeconds(3) }, manifests);
    }

    /// <summary>Sets the function's clock.</summary>
    public Task TurnClockAsync(TimeSpan by)
    {
        clock.By = by;
        return Task.CompletedTask;
    }

    /// <summary>Stops storage.</summary>
    public Task StopStorageAsync() => azurite!.KillAsync();

    /// <summary>Starts a node's proxy again, with the files that are there now.</summary>
    public async Task RestartAsync(int node)
    {
        await Edge.Proxies[node - 1].KillAsync();
        await Edge.Proxies[node - 1].StartAsync();
    }

    /// <summary>Applies the proxies' Service after a change.</summary>
    public Task ChangeServiceAsync(Action<JsonObject> change)
    {
        var service = Edge.Service();
        change(service);
        return Clusters.AcceptAsync([Edge.Stage.Objects.Applied(service)]);
    }

    /// <summary>Sends commands to an edge proxy behind the control plane's back.</summary>
    public async Task TellEdgeAsync(int edge, params IEnumerable<string> commands)
    {
        await using var connection = await Edge.Edges[edge - 1].ConnectAsync(cancel: TestContext.Current.CancellationToken);
        RuntimeCommand[] sent = [.. commands.Select(command => new RuntimeCommand(command))];
        foreach (var reply in await connection.SendAsync(sent, TestContext.Current.CancellationToken))
            Assert.False(reply.IsError, reply.Text);
    }

    private sealed class SetClock : TimeProvider
    {
        public TimeSpan By { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + By;
    }
}
