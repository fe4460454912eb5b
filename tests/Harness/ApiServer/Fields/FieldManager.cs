namespace IngressReconciler.Tests.Harness.ApiServer.Fields;

/// <summary>Who writes, and how.</summary>
/// <param name="Name">The query parameter <c>fieldManager</c>, else the beginning of the client's User-Agent.</param>
/// <param name="Applies">Whether it applies (server-side apply) instead of updating.</param>
/// <param name="Subresource">What it writes; empty for the object itself.</param>
internal sealed record FieldManager(string Name, bool Applies, string Subresource)
{
    /// <summary>As <c>managedFields</c> has it.</summary>
    public string Operation => Applies ? "Apply" : "Update";
}
