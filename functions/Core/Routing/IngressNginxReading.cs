using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>What follows from annotations of ingress-nginx's on an Ingress.</summary>
/// <param name="IsLeftOut">Whether it asks for a share of another Ingress's requests, so that nothing of it may be served.</param>
/// <param name="IsClosed">Whether it asks for a guard that is not enforced, so that all of its paths answer 503.</param>
/// <param name="Findings">One for each annotation, by their names; what is unknown is named up to a number.</param>
internal sealed record NginxReading(bool IsLeftOut, bool IsClosed, ValueList<Finding> Findings)
{
    /// <summary>How many annotations with unknown names are each told.</summary>
    public const int MostUnknown = 10;

    private const string Closes = "so every path of this Ingress answers 503 rather than be open to everybody";

    private const string Unknown =
        "ingress-nginx has no annotation of this name, and it has no effect here. Correct its spelling, or remove it.";

    /// <summary>Reads the annotations of an Ingress that is ours.</summary>
    /// <param name="ingress">The Ingress.</param>
    /// <param name="onAll">What the controller's ConfigMap asks for on every Ingress.</param>
    public static NginxReading Of(Ingress ingress, NginxGlobalGuards onAll)
    {
        var annotations = ingress.Metadata.Annotations ?? [];
        var own = annotations.Where(one => one.Key.StartsWith(IngressNginxAnnotations.Prefix, StringComparison.Ordinal))
            .Select(one => (Name: one.Key[IngressNginxAnnotations.Prefix.Length..], Value: one.Value ?? ""))
            .OrderBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => (one.Name, one.Value, Setting: IngressNginxAnnotations.All.GetValueOrDefault(one.Name)))
            .ToArray();
        var global = onAll.On(annotations);
        if (own.Length == 0 && global.Count == 0)
            return Nothing;

        var isLeftOut = own.Any(one => one.Setting is { Effect: NginxEffect.Shares } setting && !setting.IsIdle(one.Value));
        var consequence = isLeftOut
            ? "but nothing of this Ingress is served anyway"
            : Closes + ". If it may be open, remove the annotation; else leave the Ingress to a controller that does it";
        var isClosed = false;
        var findings = new List<Finding>();
        var unknown = 0;
        foreach (var (name, value, setting) in own)
        {
            var field = $"metadata.annotations[{KubernetesName.Show(IngressNginxAnnotations.Prefix + name, 120)}]";
            switch (setting)
            {
                case null:
                    if (++unknown <= MostUnknown)
                        Error("SettingUnknown", $"{field}: {Unknown}");
                    break;
                case { Effect: NginxEffect.Shares } when !setting.IsIdle(value):
                    Error("CanaryNotServed",
                        $"{field} {KubernetesName.Show(value)} asks for a share of another Ingress's requests. Shares are not served, "
                        + "and without one this Ingress would take all of them, so nothing of it is served. Remove the Ingress, or the "
                        + "annotation if it shall have hosts and paths of its own.");
                    break;
                case { Effect: NginxEffect.Guards } when Guards(setting, value, annotations):
                    isClosed = true;
                    Error("GuardNotEnforced",
                        $"{field} {KubernetesName.Show(value)} asks for {setting.Says}. That is not done here, {consequence}.");
                    break;
                default:
                    var isIdle = setting.IsIdle(value) || setting.Effect == NginxEffect.Guards;
                    findings.Add(setting.HasNoEffect(ingress.Key, field, value, isIdle));
                    break;
            }
        }

        if (unknown > MostUnknown)
        {
            var more = (unknown - MostUnknown).ToString(CultureInfo.InvariantCulture);
            Error("SettingUnknown",
                $"metadata.annotations has {more} more of unknown names with the prefix {IngressNginxAnnotations.Prefix}; they have no "
                + "effect here.");
        }

        foreach (var guard in global)
        {
            Error("GuardNotEnforced",
                $"{onAll.ConfigMap} has data.{guard.Key}, which asks for {guard.Says} on every Ingress. That is not done here, "
                + $"{(isLeftOut ? consequence : Closes)}. {guard.WayOut}");
        }

        return new(isLeftOut, isClosed || global.Count > 0, findings.ToValueList());

        void Error(string reason, string message) => findings.Add(new(ingress.Key, Severity.Error, reason, message));
    }

    private static NginxReading Nothing { get; } = new(false, false, []);

    /// <summary>Whether a guard keeps anybody out. A value that cannot be read does: it was meant to.</summary>
    private static bool Guards(NginxSetting setting, string value, Dictionary<string, string> annotations)
    {
        if (setting.Name != "auth-tls-secret")
            return !setting.IsIdle(value);
        const string VerifyClient = IngressNginxAnnotations.Prefix + "auth-tls-verify-client";
        return annotations.GetValueOrDefault(VerifyClient) is not { } verify || !NginxSetting.IsOff(verify);
    }
}
