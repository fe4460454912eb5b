namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>Names an object among those of its kind.</summary>
/// <param name="Namespace">Its namespace; empty for objects of the cluster.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary>What lists are ordered by, byte by byte: as in etcd, <c>a-b/x</c> comes before <c>a/x</c>.</summary>
    public string Path => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
