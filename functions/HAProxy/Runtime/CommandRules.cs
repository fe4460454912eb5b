using System.Text;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// What may be sent to the Runtime API. HAProxy 3.4 answers too long a line by closing the session, or by spinning a core; a line that ends or
/// starts a payload in the wrong place makes it take what follows for something else. So such commands are refused before anything is sent.
/// </summary>
public static class CommandRules
{
    /// <summary>A line, of a command or of a payload, must be shorter: in bytes of UTF-8.</summary>
    public const int LineLimit = 16_000;

    /// <summary>The line that ends every payload.</summary>
    internal const string PayloadEnd = "%END%";

    // HAProxy counts what it has read beyond the payload, too.
    private const int Spare = 64 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses a command that HAProxy would misread.</summary>
    /// <param name="command">The command.</param>
    /// <param name="payloadLimit">The proxy's <c>tune.cli.max-payload-size</c>, in bytes.</param>
    /// <exception cref="ArgumentException">The command breaks a rule. The message names the rule and the command's first words.</exception>
    public static void Check(in RuntimeCommand command, int payloadLimit)
    {
        CheckLine(command.Line);
        if (command.Payload is { } payload) CheckPayload(command.Line, payload, payloadLimit - Spare);
    }

    private static void CheckLine(string line)
    {
        if (string.IsNullOrWhiteSpace(line)) throw Refused(line, "it is empty");
        if (line.AsSpan().ContainsAny('\r', '\n', '\0')) throw Refused(line, "it holds a line end or a NUL");
        if (Bytes(line, line) >= LineLimit) throw Refused(line, $"it has {LineLimit} bytes or more");

        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == ';') throw Refused(line, "it holds an unescaped ';'");
            if (line[i] == '\\' && ++i == line.Length) throw Refused(line, "its last backslash would escape the line's end");
        }

        // HAProxy looks for this without heeding escapes.
        if (line.AsSpan(line.AsSpan().LastIndexOfAny(' ', '\t') + 1).StartsWith("<<")) throw Refused(line, "its last word would start a payload");
    }

    private static void CheckPayload(string line, string payload, int limit)
    {
        if (payload.Length == 0) throw Refused(line, "its payload is empty");
        if (payload.Contains('\0')) throw Refused(line, "its payload holds a NUL");
        long size = 0;
        foreach (var range in payload.AsSpan().Split('\n'))
        {
            var part = payload.AsSpan()[range];
            var bytes = Bytes(line, part);
            if (bytes >= LineLimit) throw Refused(line, $"a line of its payload has {LineLimit} bytes or more");
            if (part.SequenceEqual(PayloadEnd)) throw Refused(line, $"a line of its payload is {PayloadEnd}");
            size += bytes + 1;
        }

        if (size > limit) throw Refused(line, $"its payload has {size} bytes, and {limit} is the limit");
    }

    private static int Bytes(string line, ReadOnlySpan<char> text)
    {
        try
        {
            return Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw Refused(line, "it is not valid Unicode", e);
        }
    }

    private static ArgumentException Refused(string line, string why, Exception? inner = null) =>
        new($"The command '{FirstWords(line)}' is refused, nothing was sent: {why}.", inner);

    /// <summary>Enough to find the command: the words before its arguments, which may hold anything.</summary>
    private static string FirstWords(string line) =>
        string.Join(' ', line.Split(' ', 4).Take(3).Where(word => word.Length < 32 && word.All(c => char.IsAsciiLetterLower(c) || c == '-')));
}
