using System.Runtime.CompilerServices;
using IngressReconciler.Tests.Harness.Fuzz;

namespace IngressReconciler.Tests.Unit.Fuzz;

/// <summary>Before anything else of these tests runs: code that counts its branches needs the map to count in.</summary>
internal static class Prepared
{
    [ModuleInitializer]
    internal static void Begin() => FuzzRun.Prepare();
}
