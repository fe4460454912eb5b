namespace IngressReconciler.Tests.Harness.Simulated;

/// <summary>One session's input in interactive mode (management guide, section 9.3): text in pieces of any length, commands out.</summary>
public sealed class AdminSession
{
    private string input = "";
    private int at;

    /// <summary>Takes a piece of input.</summary>
    public void Feed(string text) => (input, at) = (string.Concat(input.AsSpan(at), text), 0);

    /// <summary>The next whole command; null while there is none.</summary>
    public AdminCommand? Next()
    {
        var end = input.IndexOf('\n', at);
        if (end < 0)
            return null;
        var line = input[at..end];
        if (Mark(line) is not { } mark)
        {
            at = end + 1;
            return AdminCommand.Of(line);
        }

        var last = $"\n{mark}\n";
        var stop = input.IndexOf(last, end, StringComparison.Ordinal);
        if (stop < 0)
            return null;
        var payload = stop > end ? input[(end + 1)..(stop + 1)] : "";
        at = stop + last.Length;
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
