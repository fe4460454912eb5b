using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <summary>What follows from annotations of ingress-nginx's on an Ingress.</summary>
/// <param name="IsLeftOut">Whether it asks for a share of another Ingress's requests, so that nothing of it may be served.</param>
/// <param name="IsClosed">Whether it asks for a guard that is not enforced, so that all of its paths answer 503.</param>
/// <param name="Findings">
/// One for each annotation, with those that say more about it and those of which the same is to be said, by their names; what is unknown is
/// named up to a number.
/// </param>
internal sealed record NginxReading(bool IsLeftOut, bool IsClosed, ValueList<Finding> Findings)
{
    /// <summary>How many annotations with unknown names are each told.</summary>
    public const int MostUnknown = 10;

    private const string Closes = "so every path of this Ingress answers 503 rather than let everybody reach the pods";

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
            .Select(one => new Annotation(one.Name, one.Value, IngressNginxAnnotations.All.GetValueOrDefault(one.Name)))
            .ToArray();
        var with = own.Select(one => (one.Name, First: ToldWith(one, own))).Where(one => one.First is not null)
            .ToLookup(one => one.First, one => one.Name);
        var global = onAll.On(annotations);
        if (own.Length == 0 && global.Count == 0)
            return Nothing;

        var isLeftOut = own.Any(one => one.Setting is { Effect: NginxEffect.Shares } setting && !setting.IsIdle(one.Value));
        var consequence = isLeftOut
            ? "but nothing of this Ingress is served anyway"
            : Closes + ". If everybody may, remove the annotation; else leave the Ingress to a controller that does it";
        var isClosed = false;
        var findings = new List<Finding>();
        var unknown = 0;
        foreach (var (name, value, setting) in own)
        {
            var field = $"metadata.annotations[{KubernetesName.Show(IngressNginxAnnotations.Prefix + name, 120)}]";
            var others = with.Contains(name) ? $" (with {string.Join(", ", with[name])})" : "";
            var shown = $"{field} {KubernetesName.Show(value.Trim())}{others}";
            switch (setting)
            {
                case null:
                    if (++unknown <= MostUnknown)
                        Error("SettingUnknown", $"{field}: {Unknown}");
                    break;
                case not null when with.Any(first => first.Contains(name)):
                    break;
                case { Effect: NginxEffect.Refines } when Masters(setting).All(IsGuard):
                    Error("GuardIncomplete",
                        $"{shown} keeps nobody out, here as with ingress-nginx: it only says more about "
                        + $"{string.Join(" or ", Masters(setting))}, which is not set. If everybody may come, remove the "
                        + "annotation; else refuse them in the application.");
                    break;
                case { Effect: NginxEffect.Shares } when !setting.IsIdle(value):
                    Error("CanaryNotServed",
                        $"{shown} asks for a share of another Ingress's requests. Shares are not served, "
                        + "and without one this Ingress would take all of them, so nothing of it is served. Remove the Ingress, or the "
                        + "annotation if it shall have hosts and paths of its own.");
                    break;
                case { Effect: NginxEffect.MayGuard } when !setting.IsIdle(value) && IngressNginxSnippet.OnlySetsResponseHeaders(value):
                    Error("SettingNotServed",
                        $"{shown} has no effect here: its response headers are not set. Send them from the application.");
                    break;
                case { Effect: NginxEffect.MayGuard } when !setting.IsIdle(value):
                    isClosed = true;
                    Error("GuardNotEnforced",
                        $"{shown} is nginx's own configuration, which is not carried out here. It does more than set headers of responses "
                        + $"and may keep requests away{setting.Says}, {consequence}.");
                    break;
                case { Effect: NginxEffect.Guards } when Guards(setting, value, annotations):
                    isClosed = true;
                    var nobody = NginxSetting.IsBlank(value) ? " that lets nobody in" : "";
                    Error("GuardNotEnforced", $"{shown} asks for {setting.Says}{nobody}. That is not done here, {consequence}.");
                    break;
                case { Effect: NginxEffect.Guards or NginxEffect.Tunes } when onAll.IsExemptBy(name, annotations):
                    break;
                default:
                    var isIdle = setting.IsIdle(value) || setting.Effect == NginxEffect.Guards;
                    findings.Add(setting.HasNoEffect(ingress.Key, shown, isIdle));
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

    private sealed record Annotation(string Name, string Value, NginxSetting? Setting);

    /// <summary>
    /// The annotation of the Ingress whose finding tells of this one, too: the one that it says more about, or the first of which the same
    /// is to be said. Null when it has a finding of its own.
    /// </summary>
    private static string? ToldWith(Annotation one, Annotation[] own)
    {
        var first = one.Setting switch
        {
            { Effect: NginxEffect.Refines } setting => Masters(setting)
                .Select(name => own.FirstOrDefault(other => other.Name == name && !NginxSetting.IsBlank(other.Value)))
                .FirstOrDefault(master => master is not null),
            { Effect: NginxEffect.Changes or NginxEffect.Tunes } setting when !setting.IsIdle(one.Value) => own.First(other =>
                other.Setting is { } same && same.Says == setting.Says && !same.IsIdle(other.Value)),
            _ => null,
        };
        return first is null || first == one ? null : ToldWith(first, own) ?? first.Name;
    }

    private static string[] Masters(NginxSetting refining) => refining.Says.Split(", ");

    private static bool IsGuard(string name) => IngressNginxAnnotations.All.GetValueOrDefault(name) is { Effect: NginxEffect.Guards };

    /// <summary>
    /// Whether a guard keeps anybody out. A value that cannot be read does: it was meant to, and ingress-nginx does not serve such an
    /// Ingress.
    /// </summary>
    private static bool Guards(NginxSetting setting, string value, Dictionary<string, string> annotations)
    {
        if (setting.Name != "auth-tls-secret" || setting.IsIdle(value))
            return !setting.IsIdle(value);
        // A certificate that is not asked for keeps nobody out, unless one of a certain name is needed all the same.
        return !NginxSetting.IsOff(Other("auth-tls-verify-client")) || Other("auth-tls-match-cn").Length > 0;

        string Other(string name) => annotations.GetValueOrDefault(IngressNginxAnnotations.Prefix + name) ?? "";
    }
}
