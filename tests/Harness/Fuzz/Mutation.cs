namespace IngressReconciler.Tests.Harness.Fuzz;

/// <summary>Changes bytes at random, in the ways that parsers are wrong about.</summary>
public static class Mutation
{
    private static readonly byte[] Telling = [0, 1, 0x7f, 0x80, 0xff, .. "\n\r\e \"<;"u8];

    /// <summary>One input out of another, by one to four changes.</summary>
    /// <param name="input">What is changed.</param>
    /// <param name="other">What a part is taken from.</param>
    /// <param name="random">Decides.</param>
    public static byte[] Of(byte[] input, byte[] other, Random random)
    {
        var made = input;
        for (var changes = random.Next(1, 5); changes > 0; changes--)
            made = Once(made, other, random);
        return made;
    }

    private static byte[] Once(byte[] input, byte[] other, Random random)
    {
        if (input.Length == 0)
            return other;
        var (at, length) = Part(input, random);
        var (from, count) = Part(other, random);
        return random.Next(8) switch
        {
            0 => With(input, at, (byte)(input[at] ^ (1 << random.Next(8)))),
            1 => With(input, at, Telling[random.Next(Telling.Length)]),
            2 => With(input, at, (byte)random.Next(256)),
            3 => [.. input[..at], .. input[(at + length)..]],
            4 => [.. input[..at], .. input[at..(at + length)], .. input[at..]],
            5 => [.. input[..at], .. other[from..(from + count)], .. input[(at + length)..]],
            6 => [.. input[..at], .. other[from..(from + count)], .. input[at..]],
            _ => input[..at],
        };
    }

    private static (int At, int Length) Part(byte[] bytes, Random random)
    {
        if (bytes.Length == 0)
            return (0, 0);
        var at = random.Next(bytes.Length);
        return (at, random.Next(1, Math.Min(bytes.Length - at, 1 << random.Next(9)) + 1));
    }

    private static byte[] With(byte[] input, int at, byte value)
    {
        byte[] made = [.. input];
        made[at] = value;
        return made;
    }
}
