using System.Globalization;
using System.Text;

namespace IngressReconciler.Tests.Harness.Simulated;

/// <summary>The store of certificates, its one transaction, and the list of those that are shown.</summary>
public sealed class SimulatedCertificates
{
    private const string Default = "@traffic/default";
    private const string List = "certificates";

    private readonly Dictionary<string, bool> store = new(StringComparer.Ordinal) { ["@pki/admin"] = true, [Default] = true };
    private readonly List<(string Certificate, string Name, int Number)> lines = [];
    private string? open;
    private int next = 1;

    /// <summary>Which certificate is shown for which name.</summary>
    public IReadOnlyList<(string Certificate, string Name, int Number)> Lines => lines;

    internal string New(string name)
    {
        if (name.Length == 0)
            return "[3]: 'new ssl cert' expects a filename";
        return store.TryAdd(name, false) ? $"[5]: New empty certificate store '{name}'!" : $"[3]: Certificate '{name}' already exists!";
    }

    internal string Set(string name)
    {
        if (open is not null && open != name)
            return $"[3]: The ongoing transaction is about '{open}' but you are trying to set '{name}'\nCan't update {name}!";
        if (!store.ContainsKey(name))
            return $"[3]: Can't replace a certificate which is not referenced by the configuration!\nCan't update {name}!";
        var isNew = open is null;
        open = name;
        return $"[5]: Transaction {(isNew ? "created" : "updated")} for certificate {name}!";
    }

    internal string Commit(string name)
    {
        if (open is null)
            return $"[3]: No ongoing transaction! !\nCan't commit {name}!";
        if (open != name)
            return $"[3]: The ongoing transaction is about '{open}' but you are trying to set '{name}'\nCan't commit {name}!";
        (open, store[name]) = (null, true);
        return $"Committing {name}\nSuccess!";
    }

    internal string Abort(string name)
    {
        if (open is null)
            return "[3]: No ongoing transaction!";
        if (open != name)
            return $"[3]: The ongoing transaction is about '{open}' but you are trying to abort a transaction for '{name}'";
        open = null;
        return $"[5]: Transaction aborted for certificate '{name}'!";
    }

    internal string Delete(string name)
    {
        if (open == name)
            return $"[3]: Can't remove the certificate: ongoing transaction for the certificate '{name}'";
        if (!store.ContainsKey(name))
            return $"[3]: Can't remove the certificate: certificate '{name}' doesn't exist!";
        if (name is Default or "@pki/admin" || lines.Exists(line => line.Certificate == name))
            return $"[3]: Can't remove the certificate: certificate '{name}' in use, can't be deleted!";
        store.Remove(name);
        return $"[5]: Certificate '{name}' deleted!";
    }

    internal string Show()
    {
        var text = new StringBuilder();
        if (open is not null)
            text.Append("# transaction\n*").Append(open).Append('\n');
        text.Append("# filename");
        foreach (var name in store.Keys.Order(StringComparer.Ordinal))
            text.Append('\n').Append(name);
        return text.ToString();
    }

    internal string Bind(string list, string line)
    {
        var words = line.TrimEnd('\n').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (list != List)
            return $"[3]: Can't edit the crt-list: crt-list '{list}' does not exist!";
        var certificate = words[0];
        if (!store.TryGetValue(certificate, out var isFull))
            return $"[3]: Can't edit the crt-list: certificate '{certificate}' does not exist!";
        if (!isFull)
            return $"[3]: Can't edit the crt-list: certificate '{certificate}' is empty!";
        lines.Add((certificate, words[^1], next++));
        return $"Inserting certificate '{certificate}' in crt-list '{list}'..\nSuccess!";
    }

    internal string Unbind(string list, string entry)
    {
        var colon = entry.LastIndexOf(':');
        var number = 0;
        if (colon >= 0 && int.TryParse(entry[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out number))
            entry = entry[..colon];
        if (list != List)
            return $"[3]: Can't delete the entry: crt-list '{list}' does not exist!";
        if (!store.TryGetValue(entry, out var isFull))
            return $"[3]: Can't delete the entry: certificate '{entry}' does not exist!";
        if (!isFull)
            return $"[3]: Can't delete the entry: certificate '{entry}' is empty!";
        var own = lines.Where(line => line.Certificate == entry).ToArray();
        if (own.Length == 0)
            return $"[3]: Can't delete the entry: certificate '{entry}' can't be found in crt-list '{list}'!";
        var found = own.FirstOrDefault(line => line.Number == number);
        if (found.Certificate is null && (number > 0 || own.Length > 1))
        {
            var known = string.Join(", ", own.Select(line => line.Number.ToString(CultureInfo.InvariantCulture)));
            return $"[3]: Can't delete the entry: found a certificate '{entry}' but the line number is incorrect, "
                + $"please specify a correct line number preceded by colons ({known})!";
        }

        lines.Remove(found.Certificate is null ? own[0] : found);
        return $"[5]: Entry '{entry}' deleted in crtlist '{list}'!";
    }

    internal string ShowList(string list)
    {
        if (list != List)
            return $"[3]: didn't find the specified filename";
        var text = new StringBuilder("# certificates");
        foreach (var (certificate, name, number) in lines)
            text.Append(CultureInfo.InvariantCulture, $"\n{certificate}:{number} {name}");
        return text.ToString();
    }
}
