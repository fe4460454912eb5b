using System.Diagnostics.Metrics;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Tests.Integration.Telemetry;

/// <summary>Listens to every metric of one cluster, as an exporter does.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly Lock gate = new();
    private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> all = [];

    public Measurements(string cluster)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == Traces.Name)
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(cluster, instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(cluster, instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(cluster, instrument, value, tags));
        listener.Start();
    }

    /// <summary>Every value of an instrument whose tags have these values, in order.</summary>
    public double[] Of(string name, params (string Tag, string Value)[] tags)
    {
        lock (gate)
            return [.. all.Where(one => one.Name == "ingress_reconciler." + name && tags.All(tag => one.Tags.GetValueOrDefault(tag.Tag) is string value && value == tag.Value)).Select(one => one.Value)];
    }

    /// <summary>What gauges show now.</summary>
    public double[] Now(string name, params (string Tag, string Value)[] tags)
    {
        lock (gate)
            all.RemoveAll(one => one.Name == "ingress_reconciler." + name);
        listener.RecordObservableInstruments();
        return Of(name, tags);
    }

    public void Dispose() => listener.Dispose();

    private void Add(string cluster, Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var read = new Dictionary<string, object?>(tags.ToArray());
        if (read.GetValueOrDefault("cluster") is not string of || of != cluster)
            return;
        lock (gate)
            all.Add((instrument.Name, value, read));
    }
}
