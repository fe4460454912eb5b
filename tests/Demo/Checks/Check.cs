namespace IngressReconciler.Demo.Checks;

/// <summary>All checks, in their order.</summary>
internal static class Check
{
    public static async Task AllAsync(Landscape landscape, Checklist list)
    {
        var processes = new ProcessChecks();
        await processes.RememberAsync(landscape.Proxies[0]);
        Screen.Part("Routing: through the edge to the pods");
        await RoutingChecks.RunAsync(landscape, list);
        Screen.Part("The client's address");
        await ClientAddressChecks.RunAsync(landscape, list);
        Screen.Part("Pods come and go");
        await PodChecks.RunAsync(landscape, list);
        Screen.Part("Certificates that cannot be used");
        await BadPairChecks.RunAsync(landscape, list);
        Screen.Part("One tenant takes all it can");
        await ShareChecks.RunAsync(landscape, list);
        Screen.Part("Who says where keys go");
        await ForgedPodChecks.RunAsync(landscape, list);
        Screen.Part("A neighbour wants the shop's hosts");
        await HostOwnershipChecks.RunAsync(landscape, list);
        Screen.Part("A proxy dies");
        await ProxyChecks.RunAsync(landscape, list);
        await processes.RememberAsync(landscape.Proxies[1]);
        Screen.Part("The reconciler dies");
        await ReconcilerChecks.RunAsync(landscape, list);
        Screen.Part("How fast");
        await PropagationChecks.RunAsync(landscape, list);
        Screen.Part("Versions");
        await VersionChecks.RunAsync(landscape, list);
        Screen.Part("PROXY protocol comes and goes");
        await CutOverChecks.RunAsync(landscape, list);
        Screen.Part("No reload");
        await processes.RunAsync(landscape, list);
    }
}
