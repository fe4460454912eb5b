using System.Diagnostics.CodeAnalysis;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>What of a field is read.</summary>
public enum Reading
{
    /// <summary>Nothing: it stays in the cluster.</summary>
    Nothing,

    /// <summary>That it is there: it travels with <see cref="ReadFields.NotRead"/> in place of its value.</summary>
    Name,

    /// <summary>Its value.</summary>
    Value,
}

/// <summary>
/// Which labels, annotations and ConfigMap keys are read, by the tables that translation itself reads with: what is in none of them neither
/// leaves the cluster nor gets into the journal, for people and tools put all kinds of things there. A new annotation is served once it is
/// in its table, and never before.
/// </summary>
public static class ReadFields
{
    /// <summary>Stands for a value that nobody reads.</summary>
    public const string NotRead = "(not read)";

    /// <summary>What is read of an annotation of an object of that kind.</summary>
    public static Reading Annotation(ResourceKind kind, string name) => kind switch
    {
        ResourceKind.IngressClass when name == IngressClass.DefaultAnnotation => Reading.Value,
        ResourceKind.Ingress when name == IngressClasses.Annotation => Reading.Value,
        ResourceKind.Ingress when name.StartsWith(IngressNginxAnnotations.Prefix, StringComparison.Ordinal) =>
            IngressNginxAnnotations.All.ContainsKey(name[IngressNginxAnnotations.Prefix.Length..]) ? Reading.Value : Reading.Name,
        ResourceKind.Ingress when IngressOtherControllers.IsTheirs(name) => Reading.Name,
        _ => Reading.Nothing,
    };

    /// <summary>What is read of a label of an object of that kind.</summary>
    public static Reading Label(ResourceKind kind, string name) => kind switch
    {
        ResourceKind.Pod => Reading.Value, // only the proxies' own travel, and any label may select them
        ResourceKind.EndpointSlice when name is EndpointSlice.ServiceLabel or EndpointSlice.ManagerLabel => Reading.Value,
        ResourceKind.Node when name == Node.Excluded => Reading.Value,
        _ => Reading.Nothing,
    };

    /// <summary>What is read of a key of the ConfigMap.</summary>
    public static Reading Key(string name) => IngressNginxConfigMap.ReadingOf(name);

    /// <summary>An object with only what is read: what every change of it is reduced to before it is journalled.</summary>
    public static Resource Only(Resource one)
    {
        var metadata = one.Metadata;
        var (labels, annotations) = (
            Only(metadata.Labels, name => Label(one.Kind, name)), Only(metadata.Annotations, name => Annotation(one.Kind, name)));
        if (labels != metadata.Labels || annotations != metadata.Annotations)
            one = one with { Metadata = metadata with { Labels = labels, Annotations = annotations } };
        return one is ConfigMap map && Only(map.Data, Key) is var data && data != map.Data ? map with { Data = data } : one;
    }

    /// <summary>A change with only what is read of its object.</summary>
    public static ResourceChange Only(ResourceChange change) =>
        change is Applied applied && Only(applied.Resource) is var one && !ReferenceEquals(one, applied.Resource)
            ? applied with { Resource = one }
            : change;

    /// <summary>The same dictionary where all of it is read.</summary>
    [return: NotNullIfNotNull(nameof(fields))]
    private static Dictionary<string, string>? Only(Dictionary<string, string>? fields, Func<string, Reading> read)
    {
        if (fields is null || fields.All(field => read(field.Key) is var reading
            && (reading == Reading.Value || (reading == Reading.Name && field.Value == NotRead))))
            return fields;
        return fields.Where(field => read(field.Key) != Reading.Nothing)
            .ToDictionary(field => field.Key, field => read(field.Key) == Reading.Value ? field.Value : NotRead, fields.Comparer);
    }
}
