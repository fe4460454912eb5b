using System.CommandLine;
using System.CommandLine.Parsing;
using Azure.Identity;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Relay;
using IngressReconciler.Telemetry;
using k8s;
using k8s.Exceptions;

namespace IngressReconciler.Cli;

/// <summary><c>relay</c>: watches a cluster and publishes what changes. Runs in the cluster, or anywhere with a kubeconfig.</summary>
public static class RelayCommand
{
    /// <summary>The variable with the topic's access key, for a topic that has local authentication; without it an identity signs in.</summary>
    public const string TopicKeySetting = "EVENTGRID_TOPIC_KEY";

    private static readonly Option<string> Cluster = new("--cluster") { Description = "The cluster's id, a DNS label.", HelpName = "ID", DefaultValueFactory = _ => "local" };
    private static readonly Option<Uri?> Topic = new("--topic") { Description = $"Event Grid topic, https://NAME.REGION-1.eventgrid.azure.net/api/events. Signs in with workload or managed identity, or with the key in {TopicKeySetting}.", HelpName = "URL", CustomParser = Url };
    private static readonly Option<Uri?> Endpoint = new("--endpoint")
    {
        Description = "Without --topic: the webhook of the function, which 'local' prints, with its key in ?code=.",
        HelpName = "URL",
        CustomParser = Url,
        DefaultValueFactory = _ => new("http://127.0.0.1:7071/runtime/webhooks/EventGrid?functionName=OnClusterEvents"),
    };
    private static readonly Option<string?> Kubeconfig = new("--kubeconfig") { Description = "Instead of the Pod's service account [default outside of a cluster: KUBECONFIG or ~/.kube/config].", HelpName = "FILE" };
    private static readonly Option<string?> Context = new("--context") { Description = "Context of the kubeconfig [default: its current one].", HelpName = "NAME" };
    private static readonly Option<SecretScope> Secrets = new("--secrets")
    {
        Description = "Where to read Secrets: everywhere (true), nowhere (false: only the default certificate is served), or in these namespaces.",
        HelpName = "true|false|A,B",
        CustomParser = Scope,
        DefaultValueFactory = _ => SecretScope.Everywhere,
    };
    private static readonly Option<bool> Nodes = new("--nodes") { Description = "Whether to read Nodes; false: no edge of proxies.", HelpName = "true|false", DefaultValueFactory = _ => true };
    private static readonly Option<string?> ConfigMap = new("--config-map") { Description = "The one ConfigMap to read, such as ingress-nginx's; none where it is empty.", HelpName = "NAMESPACE/NAME" };
    private static readonly Option<string> ProxyNamespace = new("--proxy-namespace") { Description = "Where the ingress proxies' Pods are.", HelpName = "NAME", DefaultValueFactory = _ => ProxyPods.Default.Namespace };
    private static readonly Option<string> ProxySelector = new("--proxy-selector") { Description = "Their labels.", HelpName = "A=B,C=D", DefaultValueFactory = _ => ProxyPods.Default.Selector };
    private static readonly Option<int> HealthPort = new("--health-port")
    {
        Description = "Port of /healthz, /readyz and /metrics; 0 for a free one.",
        HelpName = "PORT",
        DefaultValueFactory = _ => 8090,
    };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("relay", "Watch a cluster's API server and publish every change at once as a CloudEvent. Private keys never leave it: a Secret travels as fingerprint and public chain.")
        {
            Cluster, Topic, Endpoint, Kubeconfig, Context, Secrets, Nodes, ConfigMap, ProxyNamespace, ProxySelector, HealthPort,
        };
        // Each option's own: the command's validators run before defaults are filled in.
        Cluster.Validators.Add(given =>
        {
            if (!KubernetesName.IsLabel(given.GetValueOrDefault<string>()))
                given.AddError("--cluster must be a DNS label in lower case");
        });
        ConfigMap.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<string?>() is { Length: > 0 } text && text.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
                given.AddError($"--config-map is '{text}': expected NAMESPACE/NAME");
        });
        ProxySelector.Validators.Add(given =>
        {
            try
            {
                ProxyPods.ParseSelector(given.GetValueOrDefault<string>());
            }
            catch (FormatException e)
            {
                given.AddError($"--proxy-selector: {e.Message}");
            }
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult given, CancellationToken cancel)
    {
        KubernetesClientConfiguration access;
        try
        {
            access = given.GetValue(Kubeconfig) is { } file
                ? KubernetesClientConfiguration.BuildConfigFromConfigFile(file, given.GetValue(Context))
                : KubernetesClientConfiguration.BuildDefaultConfig();
        }
        catch (Exception e) when (e is KubeConfigException or IOException)
        {
            await Console.Error.WriteLineAsync($"relay: no way to the cluster: {e.Message}");
            return ExitCode.Failed;
        }

        var builder = WebApplication.CreateSlimBuilder();
        Logging.Add(builder.Logging, builder.Configuration);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(given.GetValue(HealthPort)));
        await using var server = builder.Build();
        using var exporters = Exporters.Start(server.Configuration, server.Logger);
        using var api = new ApiServer(() => access);
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var log = server.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Relay");
        var relay = new ClusterRelay(
            given.GetValue(Cluster)!, api, Reading(given).Queries, Publisher(given, http), new(), TimeProvider.System, log);
        server.MapRelay(relay);
        exporters.MapMetrics(server, "/metrics");
        await server.StartAsync(cancel);
        await relay.RunAsync(cancel);
        await server.StopAsync(CancellationToken.None);
        return ExitCode.Done;
    }

    /// <summary>The command line's parser knows no URLs by itself.</summary>
    private static Uri? Url(ArgumentResult given)
    {
        var text = given.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps))
            return url;
        given.AddError($"{(given.Parent as OptionResult)?.Option.Name} is '{text}': expected an http or https URL");
        return null;
    }

    private static SecretScope? Scope(ArgumentResult given)
    {
        try
        {
            return SecretScope.Parse(given.Tokens[0].Value);
        }
        catch (FormatException e)
        {
            given.AddError($"--secrets: {e.Message}");
            return null;
        }
    }

    private static ClusterReading Reading(ParseResult given) => new()
    {
        Secrets = given.GetRequiredValue(RelayCommand.Secrets),
        Nodes = given.GetValue(RelayCommand.Nodes),
        ConfigMap = given.GetValue(ConfigMap)?.Split('/') is [var ns, var name] ? (ns, name) : null,
        Proxies = new(given.GetValue(ProxyNamespace)!, ProxyPods.ParseSelector(given.GetValue(ProxySelector)!)),
    };

    private static EventPublisher Publisher(ParseResult given, HttpClient http)
    {
        if (given.GetValue(Topic) is not { } topic)
            return EventPublisher.ToWebhook(given.GetValue(Endpoint)!, http);
        return Environment.GetEnvironmentVariable(TopicKeySetting) is { Length: > 0 } key
            ? EventPublisher.WithKey(topic, key)
            : EventPublisher.WithIdentity(topic, new DefaultAzureCredential());
    }
}
