using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Reconciliation;
using IngressReconciler.Storage;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>A cluster whose Ingresses change one at a time; a version is sealed after each.</summary>
internal sealed class SealedCluster
{
    private static readonly JournalPosition Position = new(1, 0);

    private readonly VersionSealing sealing;
    private DesiredState wanted = DesiredState.Of(ClusterState.Empty, new());
    private int version;

    public SealedCluster(ClusterStorage cluster, TimeProvider? time = null)
    {
        sealing = new(cluster, time ?? TimeProvider.System);
        sealing.Begin(wanted.Model);
        Apply(new IngressClass
        {
            Metadata = new() { Name = "ours", ResourceVersion = "1", Annotations = new() { [IngressClass.DefaultAnnotation] = "true" } },
            Spec = new("ingressreconciler.dev/ingress-controller"),
        });
        Apply(Ingress("first", "first.example"));
    }

    /// <summary>The newest version's number.</summary>
    public int Version => sealing.Head.Version;

    /// <summary>The hash of what is routed now.</summary>
    public string Hash => ModelHash.Of(wanted.Model).Text;

    public async Task SealAsync(string name, string host, string cause = "test")
    {
        Apply(Ingress(name, host));
        Assert.True(await sealing.SealAsync(wanted, Position, cause, TestContext.Current.CancellationToken));
        await sealing.Kept;
    }

    private void Apply(Resource one)
    {
        (wanted, var difference) = wanted.After([new Applied(one)], DateTimeOffset.UnixEpoch);
        sealing.Follow(difference);
    }

    private Ingress Ingress(string name, string host) => new()
    {
        Metadata = new() { Name = name, Namespace = "shop", ResourceVersion = (++version).ToString(CultureInfo.InvariantCulture) },
        Spec = new() { Rules = [new(host, new([new("/", "Prefix", new(new("web", new(null, 80)), null))]))] },
    };
}
