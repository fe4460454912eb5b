using System.Text;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// What HAProxy answered to one command (management guide, section 9.3), under <c>set severity-output number</c>.
/// </summary>
/// <param name="Severity">The syslog severity of a message, 0 to 7; null for dumps and for what is written while a command works.</param>
/// <param name="Text">The reply without its severity, state messages and last line end; often empty on success.</param>
/// <param name="IsError">True if the command was not carried out.</param>
public readonly record struct RuntimeReply(int? Severity, string Text, bool IsError)
{
    private static ReadOnlySpan<byte> Unknown => "Unknown command: '"u8;

    private static ReadOnlySpan<byte> Failed => "Failed!"u8;

    /// <summary>What it says to a question; empty when that was not carried out.</summary>
    public string Answer => IsError ? "" : Text;

    /// <summary>Reads one reply.</summary>
    /// <param name="frame">The bytes of the reply, without the empty line that ends it.</param>
    public static RuntimeReply Parse(ReadOnlySpan<byte> frame)
    {
        var text = frame.TrimEnd((byte)'\n');
        var severity = TakeSeverity(ref text);
        if (severity is null) return new RuntimeReply(null, Encoding.UTF8.GetString(text), IsError: text.EndsWith(Failed));

        // Messages that HAProxy's threads noted since the last command come first, under the severity of the command's own message,
        // which is the last one; if there was no more room for that, the last note stands in its place.
        while (text.IndexOf((byte)'\n') is var end and >= 0 && IsStateMessage(text[..end]))
        {
            text = text[(end + 1)..];
            severity = TakeSeverity(ref text) ?? severity;
        }

        return new RuntimeReply(severity, Encoding.UTF8.GetString(text), IsError: severity <= 3 || text.StartsWith(Unknown));
    }

    private static int? TakeSeverity(ref ReadOnlySpan<byte> text)
    {
        if (text.Length < 5 || text[0] != '[' || text[1] is < (byte)'0' or > (byte)'7' || !text[2..].StartsWith("]: "u8)) return null;
        var severity = text[1] - '0';
        text = text[5..];
        return severity;
    }

    /// <summary>True for a line on a server's or backend's state, and for the end of an earlier command that said so late.</summary>
    private static bool IsStateMessage(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("Backup "u8)) line = line["Backup "u8.Length..];
        if (line.StartsWith("Server "u8))
        {
            var rest = line["Server "u8.Length..];
            var word = rest.IndexOf((byte)' ');
            return word < 0 ? rest.SequenceEqual("deleted."u8) : rest[..word].Contains((byte)'/');
        }

        return line.StartsWith("Health check for "u8) || line.StartsWith("Agent check for "u8) || line.EndsWith(" has no server available!"u8);
    }
}
