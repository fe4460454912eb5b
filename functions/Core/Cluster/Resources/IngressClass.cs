using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>networking.k8s.io/v1 IngressClass.</summary>
public sealed record IngressClass : Resource
{
    /// <summary>The annotation that makes a class the default.</summary>
    public const string DefaultAnnotation = "ingressclass.kubernetes.io/is-default-class";

    /// <inheritdoc/>
    [JsonIgnore]
    public override ResourceKind Kind => ResourceKind.IngressClass;

    /// <summary>Which controller serves the class.</summary>
    public IngressClassSpec Spec { get; init => field = value ?? new(null); } = new(null);

    /// <summary>Whether Ingresses without a class belong to this one.</summary>
    [JsonIgnore]
    public bool IsDefault => Metadata.Annotation(DefaultAnnotation) == "true";
}

/// <summary><c>IngressClass.spec</c>.</summary>
/// <param name="Controller">Name of the controller that serves the class.</param>
/// <param name="Parameters">Settings of the controller's for the class; null for none.</param>
public sealed record IngressClassSpec(string? Controller, ResourceReference? Parameters = null);
