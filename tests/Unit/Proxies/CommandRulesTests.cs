using IngressReconciler.HAProxy.Runtime;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

public class CommandRulesTests
{
    private const int Limit = 128 * 1024;

    public static TheoryData<string, string> HostileLines => new()
    {
        { "", "empty" },
        { " \t", "empty" },
        { "show info\nquit", "line end" },
        { "show info\rquit", "line end" },
        { "show info\0", "NUL" },
        { "set map m k v;quit", "unescaped ';'" },
        { @"set map m k v\\;quit", "unescaped ';'" },
        { @"set map m k v\", "backslash" },
        { @"set map m k v\\\", "backslash" },
        { "set map m k <<", "start a payload" },
        { "set map m k <<x", "start a payload" },
        { "set map m k\t<<x", "start a payload" },
        { @"set map m k v\ <<x", "start a payload" },
        { "<<x", "start a payload" },
        { "set map m k " + new string('v', 15_988), "16000 bytes" },
        { "set map m k " + new string('€', 5_330), "16000 bytes" },
        { "set map m k \ud800", "Unicode" },
    };

    public static TheoryData<string, string> HostilePayloads => new()
    {
        { "", "empty" },
        { "a\0b", "NUL" },
        { "%END%", "%END%" },
        { "a\n%END%\nb", "%END%" },
        { "a\n" + new string('b', 16_000), "16000 bytes" },
        { string.Concat(Enumerable.Repeat(new string('b', 15_999) + "\n", 5)), "is the limit" },
        { "a\n\udc00", "Unicode" },
    };

    [Theory]
    [MemberData(nameof(HostileLines))]
    public void A_line_that_HAProxy_would_misread_is_refused(string line, string reason) => Refused(new RuntimeCommand(line), reason);

    [Theory]
    [MemberData(nameof(HostilePayloads))]
    public void A_payload_that_HAProxy_would_misread_is_refused(string payload, string reason) =>
        Refused(new RuntimeCommand("add map m", payload), reason);

    [Theory]
    [InlineData(@"set map m a\;b c\ d\\")]
    [InlineData("set map m a<<b c")]
    [InlineData("set map m << c")]
    [InlineData("show info")]
    public void What_is_escaped_or_harmless_passes(string line) =>
        CommandRules.Check(new RuntimeCommand(line, "a;b\\\n<<\n\n %END%\n%END%x\r\n"), Limit);

    [Fact]
    public void A_line_just_below_the_limit_passes() =>
        CommandRules.Check(new RuntimeCommand("set map m k " + new string('v', 15_987), new string('b', 15_999)), Limit);

    [Fact]
    public void A_refusal_tells_no_argument()
    {
        var e = Assert.Throws<ArgumentException>(() => CommandRules.Check(new("set map SECRET SECRET;x"), Limit));

        Assert.DoesNotContain("SECRET", e.Message, StringComparison.Ordinal);
    }

    private static void Refused(RuntimeCommand command, string reason) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => CommandRules.Check(command, Limit)).Message, StringComparison.Ordinal);
}
