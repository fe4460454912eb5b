using System.Text;

namespace IngressReconciler.Tests.Harness.Simulated;

/// <summary>One command as HAProxy's command line takes it apart: words, and a payload where there is one.</summary>
/// <param name="Line">The line as it was sent, without what starts the payload.</param>
/// <param name="Words">Its words, escapes taken off.</param>
/// <param name="Payload">The payload without the line that ends it; null for none.</param>
public sealed record AdminCommand(string Line, IReadOnlyList<string> Words, string? Payload)
{
    /// <summary>Reads a line. Words end at blanks; a backslash takes the meaning from the next character.</summary>
    public static AdminCommand Of(string line, string? payload = null)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isOpen = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] is ' ' or '\t')
            {
                if (isOpen)
                    words.Add(word.ToString());
                word.Clear();
                isOpen = false;
                continue;
            }

            if (line[i] == '\\' && i + 1 < line.Length)
                i++;
            word.Append(line[i]);
            isOpen = true;
        }

        if (isOpen)
            words.Add(word.ToString());
        return new(line, words, payload);
    }

    /// <summary>A word by its place; empty where the line is shorter.</summary>
    public string this[int place] => place < Words.Count ? Words[place] : "";

    /// <summary>Whether the line begins with these words.</summary>
    public bool Begins(params ReadOnlySpan<string> words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            if (this[i] != words[i])
                return false;
        }

        return true;
    }

    /// <summary>Whether it may change what the proxy does.</summary>
    public bool Changes => this[0] is not ("show" or "get" or "echo" or "prompt" or "") && !Begins("set", "severity-output");

    /// <summary>Whether it removes what HAProxy gives away only when it is out of use: such commands need no lease.</summary>
    public bool Sweeps => Begins("del", "server") || Begins("del", "backend") || Begins("del", "ssl", "cert");
}
