using System.Globalization;
using System.Net;
using System.Text;

namespace IngressReconciler.Tests.Harness.Simulated;

/// <summary>
/// A map of HAProxy's: entries in the order they came, a key as often as it was added; beside it generations that are not seen yet.
/// </summary>
/// <param name="isOfNetworks">Whether its keys are networks.</param>
public sealed class SimulatedMap(bool isOfNetworks)
{
    private readonly Dictionary<int, List<Entry>> prepared = [];
    private List<Entry> entries = [];
    private int current;
    private int newest;

    private sealed class Entry(string key, string value)
    {
        public string Key => key;

        public string Value { get; set; } = value;
    }

    /// <summary>What is in use now, in order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Entries => entries.Select(one => KeyValuePair.Create(one.Key, one.Value));

    /// <summary>The value of the longest key that a text begins with; null for none.</summary>
    public string? Longest(string text)
    {
        Entry? best = null;
        foreach (var one in entries)
        {
            if ((best is null || one.Key.Length > best.Key.Length) && text.StartsWith(one.Key, StringComparison.Ordinal))
                best = one;
        }

        return best?.Value;
    }

    /// <summary>The first value of a key; null for none.</summary>
    public string? Find(string key) => entries.Find(one => one.Key == key)?.Value;

    internal string Add(int? generation, string key, string value)
    {
        if (isOfNetworks && !IsNetwork(key))
            return $"[3]: '{key}' is not a valid IPv4 or IPv6 address.";
        if (generation > newest)
            return "[3]: Version number in the future, please use 'prepare map' before.";

        // What is added to a generation that was replaced is seen by nobody.
        Of(generation)?.Add(new(key, value));
        return "";
    }

    internal string Set(string key, string value)
    {
        var found = entries.Where(one => one.Key == key).ToArray();
        foreach (var one in found)
            one.Value = value;
        return found.Length > 0 ? "" : "[3]: entry not found.";
    }

    /// <summary>Of a key that is there several times, the first goes.</summary>
    internal string Delete(string key)
    {
        var at = entries.FindIndex(one => one.Key == key);
        if (at < 0)
            return "[3]: Key not found.";
        entries.RemoveAt(at);
        return "";
    }

    internal string Prepare()
    {
        prepared[++newest] = [];
        return string.Create(CultureInfo.InvariantCulture, $"[6]: New version created: {newest}");
    }

    internal string Commit(int generation)
    {
        if (generation <= current || !prepared.Remove(generation, out var list))
            return "[3]: Version number out of range.";
        (entries, current) = (list, generation);
        foreach (var older in prepared.Keys.Where(one => one < generation).ToArray())
            prepared.Remove(older);
        return "";
    }

    internal string Show()
    {
        var text = new StringBuilder();
        foreach (var one in entries)
            text.Append("0x1 ").Append(one.Key).Append(' ').Append(one.Value).Append('\n');
        return text.ToString().TrimEnd('\n');
    }

    internal string Get(string text)
    {
        if (Longest(text) is not { } value)
            return "type=beg, case=sensitive, found=no";
        var key = entries.Where(one => text.StartsWith(one.Key, StringComparison.Ordinal)).MaxBy(one => one.Key.Length)!.Key;
        return $"type=beg, case=sensitive, found=yes, idx=tree, key=\"{key}\", value=\"{value}\", type=\"str\"";
    }

    private List<Entry>? Of(int? generation) =>
        generation is not { } number || number == current ? entries : prepared.GetValueOrDefault(number);

    private static bool IsNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return IPAddress.TryParse(slash < 0 ? text : text[..slash], out _)
            && (slash < 0 || int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _));
    }
}
