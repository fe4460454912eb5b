using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using IngressReconciler.Routing;

namespace IngressReconciler.Tests.Integration.Corpus;

/// <summary>What can be said of messages without reading them, and a file of them to be read.</summary>
internal static partial class FindingReport
{
    private const int InFull = 50;

    /// <summary>
    /// What a finding lacks for its reader; null for nothing. It names a field or an annotation, and says what becomes of it.
    /// </summary>
    public static string? Lacks(Finding finding) => finding switch
    {
        { Object.Name: "" or null } => $"no object: {finding}",
        _ when !Reason().IsMatch(finding.Reason) => $"the reason is no word in CamelCase: {finding}",
        _ when !Field().IsMatch(finding.Message) && !NamesAnnotation(finding) => $"neither a field nor an annotation: {finding.Message}",
        _ when !finding.Message.EndsWith('.') => $"no end: {finding.Message}",
        _ when finding.Message.Split(' ').Length < 6 => $"hardly a word: {finding.Message}",
        _ when Leak().IsMatch(Shape(finding.Message)) => $"something of the program's own: {finding.Message}",
        { Severity: Severity.Error } when !Outcome().IsMatch(finding.Message) =>
            $"not what becomes of it, nor what to do: {finding.Message}",
        _ => null,
    };

    /// <summary>Whether an annotation is named, or any.</summary>
    public static bool NamesAnnotation(Finding finding) => Annotation().IsMatch(finding.Message);

    /// <summary>Writes all findings by reason with their numbers; what is closed and why; then fifty that differ much.</summary>
    /// <param name="findings">All of them.</param>
    /// <param name="refused">Why objects were refused as a whole.</param>
    /// <param name="closed">The Ingresses that are closed or left out, each with the annotation because of which.</param>
    /// <param name="whole">How many are served as specified, without an Error.</param>
    /// <param name="sources">Where the Ingresses of a namespace are from.</param>
    public static void Write(
        IReadOnlyList<Finding> findings, IReadOnlyList<string> refused, IReadOnlyList<(string Name, string Why)> closed, int whole,
        IReadOnlyDictionary<string, string> sources)
    {
        var text = new StringBuilder();
        var byReason = findings.GroupBy(finding => (finding.Reason, finding.Severity)).OrderBy(group => group.Key.Reason).ToList();
        foreach (var group in byReason)
            text.AppendLine(CultureInfo.InvariantCulture, $"{group.Count(),6} {group.Key.Severity,-7} {group.Key.Reason}");
        foreach (var one in refused)
            text.AppendLine(CultureInfo.InvariantCulture, $"       refused {one}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{whole,6} served as specified without an Error");
        text.AppendLine(CultureInfo.InvariantCulture, $"{closed.DistinctBy(one => one.Name).Count(),6} closed or left out, by annotation:");
        foreach (var group in closed.GroupBy(one => one.Why).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var names = string.Join(", ", group.Select(one => one.Name));
            text.AppendLine(CultureInfo.InvariantCulture, $"{group.Count(),6}     {group.Key}: {names}");
        }

        text.AppendLine();

        // One of each reason, then another of each: first those that are written differently.
        var queues = byReason
            .Select(group => new Queue<Finding>(group.DistinctBy(finding => Shape(finding.Message)).Concat(group).Distinct()))
            .ToList();
        var chosen = new List<Finding>();
        while (chosen.Count < InFull && queues.Any(queue => queue.Count > 0))
            chosen.AddRange(queues.Where(queue => queue.Count > 0).Select(queue => queue.Dequeue()).Take(InFull - chosen.Count).ToList());
        foreach (var finding in chosen)
        {
            var source = sources.GetValueOrDefault(finding.Object.Namespace, "?");
            text.AppendLine(CultureInfo.InvariantCulture, $"{finding.Object} from {source}");
            text.AppendLine(CultureInfo.InvariantCulture, $"    {finding.Severity} {finding.Reason}\n    {finding.Message}\n");
        }

        var file = Repository.File("artifacts/tests/corpus-findings.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text.ToString());
    }

    /// <summary>A message without what changes from object to object.</summary>
    private static string Shape(string message) => Varying().Replace(message, "_");

    [GeneratedRegex(@"\b(spec|metadata|data|status|type)\.[a-zA-Z]")]
    private static partial Regex Field();

    [GeneratedRegex(@"\b[a-z0-9][-a-z0-9]*(\.[a-z0-9][-a-z0-9]*)+/[a-z0-9][-a-zA-Z0-9._]*")]
    private static partial Regex Annotation();

    [GeneratedRegex(@"^([A-Z][a-z0-9]*)+\z")]
    private static partial Regex Reason();

    [GeneratedRegex(@"System\.|Exception|\bnull\b|[{}]|IngressReconciler\.")]
    private static partial Regex Leak();

    [GeneratedRegex(
        @"\b(not|is|are) (served|used|verified|pushed|enforced)"
        + @"|\b(answers?|use|set|remove|name|give|make|write|add|send|redirect|serve|correct)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex Outcome();

    [GeneratedRegex(@"'[^']*'|\d+")]
    private static partial Regex Varying();
}
