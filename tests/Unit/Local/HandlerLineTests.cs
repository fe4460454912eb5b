using IngressReconciler.Local;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

/// <summary>What the handler logs is a line of the host's log, not a line within one.</summary>
public sealed class HandlerLineTests
{
    [Theory]
    [InlineData(
        "2026-03-04T05:06:07.089Z info: IngressReconciler.shop[0] Sealed version 3",
        "Information IngressReconciler.shop: Sealed version 3")]
    [InlineData("info: IngressReconciler.shop[0] Sealed version 3", "Information IngressReconciler.shop: Sealed version 3")]
    [InlineData("warn: IngressReconciler.shop[1234] Proxy p1 is: gone [0]", "Warning IngressReconciler.shop: Proxy p1 is: gone [0]")]
    [InlineData("fail: Relay[0] ", "Error Relay: ")]
    [InlineData("ingress-reconciler: IOException: no", "Critical ingress-reconciler: IOException: no")]
    [InlineData("info: two words[0] text", "Critical info: two words[0] text")]
    [InlineData("", "Critical ")]
    public void A_line_keeps_its_level_once(string line, string expected)
    {
        var log = new Lines();
        LocalLog.HandlerLine(log, LogLevel.Critical, line);
        Assert.Equal([expected], log);
    }

    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Add($"{logLevel} {formatter(state, exception)}");
    }
}
