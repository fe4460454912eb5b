using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace IngressReconciler.Telemetry;

/// <summary>
/// Where telemetry goes, by the settings that OpenTelemetry and Azure have for it: to a collector by OTLP when <see cref="OtlpSetting"/> is
/// set, to Application Insights when <see cref="InsightsSetting"/> is; metrics can be scraped always. All of it is sent from threads of its own,
/// and what cannot be sent is lost: routing never waits for it, nor fails with it.
/// </summary>
public sealed partial class Exporters : IDisposable
{
    /// <summary>A collector's address; OpenTelemetry's other variables (<c>OTEL_…</c>) count as well.</summary>
    public const string OtlpSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Application Insights' connection string, which the Functions host uses too.</summary>
    public const string InsightsSetting = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    /// <summary><c>Authorization=AAD</c>, with <c>;ClientId=…</c> for a user-assigned identity: Application Insights takes no key alone.</summary>
    public const string InsightsIdentitySetting = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    /// <summary>How often metrics are sent unless OTEL_METRIC_EXPORT_INTERVAL says otherwise: the Functions host kills without a word.</summary>
    private const int EveryMilliseconds = 15_000;

    private readonly MeterProvider meters;
    private readonly TracerProvider? traces;

    private Exporters(MeterProvider meters, TracerProvider? traces) => (this.meters, this.traces) = (meters, traces);

    /// <summary>Begins to export. A setting that cannot be used is told, and its exporter left out.</summary>
    public static Exporters Start(IConfiguration settings, ILogger log)
    {
        var otlp = IsSet(settings, OtlpSetting);
        if (!IsSet(settings, InsightsSetting))
            return Start(otlp, null);
        try
        {
            return Start(otlp, Insights(settings));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            LogUnusable(log, e.Message);
            return Start(otlp, null);
        }
    }

    /// <summary>Sends what is logged to the collector too, each line with its trace. Application Insights has it from the Functions host.</summary>
    public static void Log(ILoggingBuilder logging, IConfiguration settings)
    {
        if (IsSet(settings, OtlpSetting))
        {
            logging.AddOpenTelemetry(options =>
            {
                options.IncludeFormattedMessage = true;
                options.SetResourceBuilder(Resource).AddOtlpExporter();
            });
        }
    }

    /// <summary>Answers a path with all metrics, for Prometheus.</summary>
    public void MapMetrics(IEndpointRouteBuilder server, string path) => server.MapPrometheusScrapingEndpoint(path, meters, null, null);

    /// <summary>Sends what is left, for a few seconds at most.</summary>
    public void Dispose()
    {
        traces?.Dispose();
        meters.Dispose();
    }

    /// <summary>The environment's own names come last, so that they count.</summary>
    private static ResourceBuilder Resource =>
        ResourceBuilder.CreateEmpty().AddService("ingress-reconciler", serviceVersion: typeof(Exporters).Assembly.GetName().Version?.ToString(3)).AddTelemetrySdk().AddEnvironmentVariableDetector();

    private static Exporters Start(bool otlp, Action<AzureMonitorExporterOptions>? insights)
    {
        var metering = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Resource).AddMeter(Traces.Name).AddPrometheusExporter();
        var tracing = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(Resource).AddSource(Traces.Name);
        if (otlp)
        {
            metering.AddOtlpExporter((_, reader) => reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds ??= EveryMilliseconds);
            tracing.AddOtlpExporter();
        }

        if (insights is not null)
        {
            metering.AddAzureMonitorMetricExporter(insights);
            tracing.AddAzureMonitorTraceExporter(insights);
        }

        return new(metering.Build(), otlp || insights is not null ? tracing.Build() : null);
    }

    private static Action<AzureMonitorExporterOptions> Insights(IConfiguration settings)
    {
        var identity = IsSet(settings, InsightsIdentitySetting) ? Identity(settings[InsightsIdentitySetting]!) : null;
        return options =>
        {
            options.ConnectionString = settings[InsightsSetting];
            options.Credential = identity;

            // What cannot be sent is not kept on a disk that goes with the instance, and nothing is sent but what is asked for.
            options.DisableOfflineStorage = true;
            options.EnableLiveMetrics = false;
        };
    }

    private static ManagedIdentityCredential? Identity(string text)
    {
        var parts = text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2, StringSplitOptions.TrimEntries))
            .Where(part => part.Length == 2)
            .ToLookup(part => part[0], part => part[1], StringComparer.OrdinalIgnoreCase);
        if (!parts["Authorization"].Contains("AAD", StringComparer.OrdinalIgnoreCase))
            throw new FormatException($"{InsightsIdentitySetting} is '{text}': expected Authorization=AAD, with ;ClientId=… for a user-assigned identity");
        return new(parts["ClientId"].FirstOrDefault() is { } client ? ManagedIdentityId.FromUserAssignedClientId(client) : ManagedIdentityId.SystemAssigned);
    }

    private static bool IsSet(IConfiguration settings, string name) => settings[name] is { Length: > 0 };

    [LoggerMessage(LogLevel.Error, "Nothing goes to Application Insights: {Reason}")]
    private static partial void LogUnusable(ILogger log, string reason);
}
