using System.Text;

namespace IngressReconciler.Tests.Harness.Simulated;

/// <summary>The input of one session in interactive mode (management guide, section 9.3): text in pieces of any length, commands out.</summary>
public sealed class AdminSession
{
    private readonly StringBuilder input = new();

    /// <summary>Whether nothing of a command waits for its end.</summary>
    public bool IsIdle => input.Length == 0;

    /// <summary>Takes a piece of input.</summary>
    public void Feed(string text) => input.Append(text);

    /// <summary>The next whole command; null while there is none.</summary>
    public AdminCommand? Next()
    {
        var text = input.ToString();
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        if (end < 0)
            return null;
        var line = text[..end];
        if (Mark(line) is not { } mark)
        {
            input.Remove(0, end + 1);
            return AdminCommand.Of(line);
        }

        var last = $"\n{mark}\n";
        var stop = text.IndexOf(last, end, StringComparison.Ordinal);
        if (stop < 0)
            return null;
        input.Remove(0, stop + last.Length);
        var payload = stop > end ? text[(end + 1)..(stop + 1)] : "";
        return AdminCommand.Of(line[..line.LastIndexOf("<<", StringComparison.Ordinal)], payload);
    }

    /// <summary>A reply as it goes over the wire: an empty line ends it.</summary>
    public static string Framed(string reply) => reply.Length == 0 ? "\n" : reply + "\n\n";

    private static string? Mark(string line)
    {
        var word = line[(line.LastIndexOf(' ') + 1)..];
        return word.StartsWith("<<", StringComparison.Ordinal) ? word[2..] : null;
    }
}
