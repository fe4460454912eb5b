using System.Text.Json;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Simulation.Cluster;
using IngressReconciler.Simulation.Proxies;
using IngressReconciler.Simulation.TextProxies;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Tests.Harness.Simulated;
using IngressReconciler.Versions;

namespace IngressReconciler.Simulation.Invariants;

/// <summary>What has to be so once the faults have ended and a resync has run: everything follows from the cluster as it is.</summary>
/// <param name="surroundings">The run.</param>
/// <param name="fleet">The instances.</param>
/// <param name="journal">The journal.</param>
public sealed class AtRest(Surroundings surroundings, Fleet fleet, JournalOracle journal)
{
    private static readonly PlanScope All = PlanScope.All(ProxyRole.Ingress);

    /// <summary>What is not so; null for nothing.</summary>
    public string? WhatIsLeft()
    {
        var fresh = DesiredState.Of(surroundings.Cluster.State, surroundings.Routing);
        var config = fresh.Compiled();
        return Reports() ?? Versions(fresh)
            ?? surroundings.Hosts.Select(host => Left(host, config)).FirstOrDefault(one => one is not null)
            ?? surroundings.TextHosts.Select(host => Left(host, fresh)).FirstOrDefault(one => one is not null);
    }

    private string? Reports()
    {
        foreach (var instance in fleet.There)
        {
            if (instance.Reconciler.Position != journal.End)
                continue; // it had nothing to do since
            foreach (var report in instance.Reconciler.Proxies)
            {
                if (!report.Running || report.Trouble is not null)
                    return $"{instance.Name} says that {report.Name} does not run it: {report.Trouble}";
            }
        }

        return fleet.There.Any(one => one.Reconciler.Position == journal.End) ? null : "nobody has followed the journal to its end";
    }

    private string? Versions(DesiredState fresh)
    {
        var folder = $"clusters/{Surroundings.ClusterId}/";
        if (surroundings.Blobs.Blobs.GetValueOrDefault(folder + "head") is not { } blob)
            return "there is no head";
        var head = JsonSerializer.Deserialize(blob.Content, VersionJson.Default.VersionHead)!;
        return head.Hash == ModelHash.Of(fresh.Model).Text ? null : $"the head's version {head.Version} is not the cluster's routing";
    }

    private string? Left(ProxyHost host, HAProxyConfig config)
    {
        if (host.Process is not { } process)
            return $"{host.Name} is down";
        if (!process.IsReady)
            return $"{host.Name} does not say that it is ready";
        var reading = new HAProxyStateReading(All);
        var state = reading.Read([.. reading.Commands.Select(command => Answer(process, command))]);
        var version = int.Parse(process.Routes.Find(HAProxyRoutes.VersionKey) ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        var plan = HAProxyPlanner.Plan(config, version, state, All);
        if (!plan.IsEmpty)
            return $"{host.Name} lacks {plan.Steps.Count()} steps: {StepText.Describe(plan.Steps.First())}";
        foreach (var (address, path) in Routes.Steady)
        {
            var answer = process.Answer(address, path);
            if (answer.Status != 200 || !answer.Backend!.Servers.Any(one => one.IsReady && surroundings.Workloads.IsAlive(one.Address)))
                return $"{host.Name} answers {address}{path} with {answer.Status}";
        }

        return null;
    }

    private static string? Left(TextHost host, DesiredState fresh)
    {
        var (runs, should) = (Body(host.Stored?.Text ?? "\n"), Body(TextConfig.Of(fresh).Text(0)));
        return runs == should ? null : $"{host.Name} runs another text:\n{runs}instead of\n{should}";
    }

    private static string Body(string text) => text[(text.IndexOf('\n') + 1)..];

    private static string Answer(SimulatedHAProxy process, RuntimeCommand command)
    {
        var reply = process.Execute(AdminCommand.Of(command.Line, command.Payload));
        return reply.StartsWith("[3]", StringComparison.Ordinal) ? "" : reply;
    }
}
