using System.Text;
using IngressReconciler.Handler;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

public sealed class InvocationEnvelopeTests
{
    [Theory]
    [InlineData("""{"id":"1"}""", """{"id":"1"}""")]
    [InlineData("""[{"id":"1"},{"id":"2"}]""", """{"id":"1"}|{"id":"2"}""")]
    [InlineData(""" "[{\"id\":\"1\"},{\"id\":\"2\"}]" """, """{"id":"1"}|{"id":"2"}""")]
    [InlineData(""" "{\"id\":\"1\"}" """, """{"id":"1"}""")]
    [InlineData(""" "\"{\\\"id\\\":\\\"1\\\"}\"" """, """{"id":"1"}""")]
    [InlineData("""["{\"id\":\"1\"}"]""", """{"id":"1"}""")]
    [InlineData("[]", "")]
    [InlineData(""" "no JSON" """, "\"no JSON\"")]
    [InlineData("null", "null")]
    public void Every_shape_of_a_value_means_the_same(string value, string events)
    {
        var envelope = Parse("""{"Data":{"events":VALUE},"Metadata":{"sys":{"MethodName":"F"}}}""".Replace("VALUE", value, StringComparison.Ordinal));

        Assert.Equal(events, string.Join('|', envelope.Events("events").Select(one => one.GetRawText())));
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{", "no JSON")]
    [InlineData("[]", "'Data'")]
    [InlineData("""{"Metadata":{}}""", "'Data'")]
    [InlineData("""{"Data":[]}""", "'Data'")]
    [InlineData("""{"Data":{"a":1,"a":2}}""", "twice")]
    public void What_is_no_envelope_is_refused_with_the_reason(string body, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvocationEnvelopeException>(() => Parse(body)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_binding_is_named() =>
        Assert.Contains("'timer'", Assert.Throws<InvocationEnvelopeException>(() => Parse("""{"Data":{}}""").Events("timer")).Message, StringComparison.Ordinal);

    private static InvocationEnvelope Parse(string body) => InvocationEnvelope.Parse(Encoding.UTF8.GetBytes(body));
}
