using System.Text;
using IngressReconciler.HAProxy.Runtime;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

/// <summary>The answers were taken from HAProxy 3.4.7.</summary>
public class RuntimeReplyTests
{
    [Theory]
    [InlineData("")]
    [InlineData("[6]: New backend registered.", "New backend registered.")]
    [InlineData("[5]: Transaction created for certificate z.pem!", "Transaction created for certificate z.pem!")]
    [InlineData("[4]: Ignoring cookie as HTTP mode is disabled.\nNew server registered.",
        "Ignoring cookie as HTTP mode is disabled.\nNew server registered.")]
    [InlineData("Committing z.pem\nSuccess!")]
    [InlineData("# name\nnone")]
    [InlineData("0x7f743d876ae0 a Failed! b")]
    [InlineData("type=beg, case=sensitive, found=no")]
    public void Success_is_recognised(string answer, string? text = null) => Expect(answer, text ?? answer, isError: false);

    [Theory]
    [InlineData("[3]: No such server.", "No such server.")]
    [InlineData("[0]: dead", "dead")]
    [InlineData("[3]: No ongoing transaction! !\nCan't commit x.pem!", "No ongoing transaction! !\nCan't commit x.pem!")]
    [InlineData("[6]: Unknown command: 'bogus', but maybe one of the following ones is a better match:\n  quit  : disconnect",
        "Unknown command: 'bogus', but maybe one of the following ones is a better match:\n  quit  : disconnect")]
    [InlineData("Committing z.pem\nunable to load.\nFailed!", "Committing z.pem\nunable to load.\nFailed!")]
    [InlineData("[3]: Wait delay expired. Server still has connections attached to it, cannot remove it.",
        "Wait delay expired. Server still has connections attached to it, cannot remove it.")]
    public void An_error_is_recognised(string answer, string text) => Expect(answer, text, isError: true);

    [Theory]
    [InlineData("[6]: Server b/s is going DOWN for maintenance. 0 active and 0 backup servers left.\nBackend deleted.", "Backend deleted.", false)]
    [InlineData("[6]: Server deleted.\nBackend deleted.", "Backend deleted.", false)]
    [InlineData("[6]: Backup Server b/s is UP/READY (leaving forced maintenance).\nServer b/t was DOWN and now enters maintenance.\n"
        + "backend 'b' has no server available!\nBackend deleted.", "Backend deleted.", false)]
    [InlineData("[6]: Health check for backup server b/s failed, reason: Layer4 timeout, status: 0/2 DOWN.\n[6]: Backend deleted.",
        "Backend deleted.", false)]
    [InlineData("[6]: Agent check for server b/s succeeded.\n[3]: No such backend.", "No such backend.", true)]
    [InlineData("[3]: Server b/s is stopping.\nError during backend creation.", "Error during backend creation.", true)]
    [InlineData("[6]: Server deleted.", "Server deleted.", false)]
    [InlineData("[6]: Server b/s is DOWN.\nServer b/t is DOWN.", "Server b/t is DOWN.", false)]
    [InlineData("[4]: Server name ignored.\nNew server registered.", "Server name ignored.\nNew server registered.", false)]
    public void What_earlier_commands_and_checks_left_behind_is_stripped(string answer, string text, bool isError) => Expect(answer, text, isError);

    [Theory]
    [InlineData("[6]: x", 6)]
    [InlineData("[4]: x", 4)]
    [InlineData("[6]:x", null)]
    [InlineData("[8]: x", null)]
    [InlineData("[{\"a\":1}]", null)]
    public void The_severity_is_told_apart_from_other_brackets(string answer, int? severity) =>
        Assert.Equal(severity, RuntimeReply.Parse(Encoding.UTF8.GetBytes(answer)).Severity);

    private static void Expect(string answer, string text, bool isError)
    {
        var reply = RuntimeReply.Parse(Encoding.UTF8.GetBytes(answer));

        Assert.Equal(text, reply.Text);
        Assert.Equal(isError, reply.IsError);
    }
}
