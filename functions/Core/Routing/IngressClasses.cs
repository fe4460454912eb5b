using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>Which Ingresses are ours, by their class, and what is wrong with classes. What another controller's class names is that
/// controller's, and nothing is said of it.</summary>
public static class IngressClasses
{
    /// <summary>The annotation that named a class before <c>spec.ingressClassName</c> did.</summary>
    public const string Annotation = "kubernetes.io/ingress.class";

    /// <summary>Whether an Ingress is ours to serve.</summary>
    /// <param name="ingress">The Ingress.</param>
    /// <param name="classes">Every IngressClass of the cluster.</param>
    /// <param name="options">Which classes are ours.</param>
    public static bool IsOurs(Ingress ingress, IReadOnlyDictionary<string, IngressClass> classes, RoutingOptions options) =>
        NameOf(ingress) is { } name ? IsOurs(name, classes, options) : classes.Values.Any(one => one.IsDefault && IsOurs(one, options));

    /// <summary>What is wrong with the class of an Ingress, ours or not.</summary>
    /// <param name="ingress">The Ingress.</param>
    /// <param name="classes">Every IngressClass of the cluster.</param>
    /// <param name="options">Which classes are ours.</param>
    public static IEnumerable<Finding> Findings(Ingress ingress, IReadOnlyDictionary<string, IngressClass> classes, RoutingOptions options)
    {
        const string Annotated = $"metadata.annotations['{Annotation}']";
        var field = ingress.Spec.IngressClassName;
        var annotation = ingress.Metadata.Annotation(Annotation);
        if (field is { Length: > 0 } && annotation is { Length: > 0 } && field != annotation
            && (IsOurs(field, classes, options) || IsOurs(annotation, classes, options)))
        {
            yield return new(ingress.Key, Severity.Notice, "ClassNamedTwice",
                $"spec.ingressClassName {KubernetesName.Show(field)} counts here, and {Annotated} {KubernetesName.Show(annotation)} "
                + "does not. A controller to which it does may serve this Ingress as well: remove the annotation.");
        }

        switch (NameOf(ingress))
        {
            case null when !classes.Values.Any(one => one.IsDefault):
                yield return new(ingress.Key, Severity.Notice, "ClassMissing",
                    "spec.ingressClassName is empty, and no IngressClass is the default: the Ingress is not served here. Name a "
                    + "class.");
                break;
            case { } name when !IsKnown(name, classes, options):
                // Controllers that are older than the field, and some clouds', know their annotation without an IngressClass.
                yield return name == field
                    ? new(ingress.Key, Severity.Error, "ClassNotFound",
                        $"spec.ingressClassName {KubernetesName.Show(name)}: there is no such IngressClass, so the Ingress is not "
                        + "served. Name one that exists, or create it.")
                    : new(ingress.Key, Severity.Notice, "ClassNotFound",
                        $"{Annotated} {KubernetesName.Show(name)}: there is no such IngressClass, so the Ingress is not served here. "
                        + "If no other controller knows that name, set spec.ingressClassName to a class that exists.");
                break;
            default:
                break;
        }
    }

    /// <summary>What is wrong with the classes that are ours.</summary>
    /// <param name="classes">Every IngressClass of the cluster.</param>
    /// <param name="options">Which classes are ours.</param>
    public static IEnumerable<Finding> Findings(ImmutableDictionary<string, IngressClass> classes, RoutingOptions options)
    {
        var defaults = classes.Values.Where(one => one.IsDefault).Select(one => one.Metadata.Name).Order(StringComparer.Ordinal).ToArray();
        foreach (var one in classes.Values.Where(one => IsOurs(one, options)))
        {
            if (one.IsDefault && defaults.Length > 1)
            {
                var others = string.Join(", ", defaults.Where(name => name != one.Metadata.Name).Take(5));
                yield return new(one.Key, Severity.Notice, "SeveralDefaults",
                    $"metadata.annotations['{IngressClass.DefaultAnnotation}'] is \"true\", and so it is of {others}: an Ingress that "
                    + "names no class is served here, and may be by another controller too. Leave it to one class.");
            }

            if (one.Spec.Parameters is { } parameters)
                yield return new(one.Key, Severity.Notice, "ParametersIgnored",
                    $"spec.parameters names a {KubernetesName.Show(parameters.Kind)}, which is not read: settings of the whole "
                    + "cluster are the function's. Remove it.");
        }
    }

    private static string? NameOf(Ingress ingress) =>
        (ingress.Spec.IngressClassName ?? ingress.Metadata.Annotation(Annotation)) is { Length: > 0 } name ? name : null;

    private static bool IsKnown(string name, IReadOnlyDictionary<string, IngressClass> classes, RoutingOptions options) =>
        classes.ContainsKey(name) || options.ClassNames.Contains(name);

    private static bool IsOurs(string name, IReadOnlyDictionary<string, IngressClass> classes, RoutingOptions options) =>
        classes.TryGetValue(name, out var named) ? IsOurs(named, options) : options.ClassNames.Contains(name);

    private static bool IsOurs(IngressClass one, RoutingOptions options) =>
        one.Spec?.Controller is { } controller && options.Controllers.Contains(controller);
}
