using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

/// <summary>What sigs.k8s.io/yaml, and so kubectl, makes of a scalar: the words of YAML 1.1.</summary>
public sealed class YamlDocumentsTests
{
    [Theory]
    [InlineData("yes", "true")]
    [InlineData("on", "true")]
    [InlineData("Y", "true")]
    [InlineData("TRUE", "true")]
    [InlineData("off", "false")]
    [InlineData("n", "false")]
    [InlineData("'on'", "\"on\"")]
    [InlineData("\"yes\"", "\"yes\"")]
    [InlineData("yEs", "\"yEs\"")]
    [InlineData("!!str yes", "\"yes\"")]
    [InlineData("~", "null")]
    [InlineData("", "null")]
    [InlineData("Null", "null")]
    [InlineData("\"\"", "\"\"")]
    [InlineData("80", "80")]
    [InlineData("'80'", "\"80\"")]
    [InlineData("+12", "12")]
    [InlineData("-3", "-3")]
    [InlineData("0777", "511")]
    [InlineData("0o17", "15")]
    [InlineData("0x1F", "31")]
    [InlineData("0b101", "5")]
    [InlineData("1_000", "1000")]
    [InlineData("089", "89")]
    [InlineData("1.5", "1.5")]
    [InlineData(".5", "0.5")]
    [InlineData("1e3", "1000")]
    [InlineData("18446744073709551615", "18446744073709551615")]
    [InlineData("12:30:45", "\"12:30:45\"")]
    [InlineData("10.0.0.1", "\"10.0.0.1\"")]
    [InlineData("2024-01-02", "\"2024-01-02\"")]
    [InlineData("2024-01-02T03:04:05Z", "\"2024-01-02T03:04:05Z\"")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("-", "[null]")]
    [InlineData("0x", "\"0x\"")]
    [InlineData("*.example", null)]
    [InlineData(".inf", null)]
    [InlineData("!!binary aGk=", "\"hi\"")]
    [InlineData("!!int abc", null)]
    [InlineData("!!int '12'", "12")]
    [InlineData("!!bool 'yes'", "true")]
    [InlineData("!!timestamp 2024-01-01", "\"2024-01-01\"")]
    [InlineData("! 12", "\"12\"")]
    [InlineData("!own 12", "\"12\"")]
    [InlineData("1e400", "\"1e400\"")]
    [InlineData("{{ .Values.name }}", null)]
    public void A_scalar_becomes_what_kubectl_makes_of_it(string scalar, string? json)
    {
        var text = scalar == "-" ? "value:\n- " : $"value: {scalar}";

        if (json is null)
            Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.Read(text));
        else
            Assert.Equal($$"""{"value":{{json}}}""", Assert.Single(YamlDocuments.Read(text)).Content!.ToJsonString());
    }

    [Fact]
    public void Block_scalars_are_text_and_keys_take_their_JSON_spelling() =>
        Assert.Equal(
            """{"a":"1\n","b":"yes","80":"x","true":"y"}""",
            Assert.Single(YamlDocuments.Read("a: |\n  1\nb: >-\n  yes\n80: x\non: 'y'\n")).Content!.ToJsonString());

    [Theory]
    [InlineData(
        "base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\nsame: *base\n",
        """{"base":{"a":1,"b":2},"use":{"a":1,"b":3},"same":{"a":1,"b":2}}""")]
    [InlineData("base: &base {a: 1, b: 2}\nuse:\n  b: 3\n  <<: *base\n", """{"base":{"a":1,"b":2},"use":{"b":2,"a":1}}""")]
    [InlineData("<<: [{a: 1}, {a: 2, b: 3}]\nb: 4\n", """{"a":1,"b":4}""")]
    [InlineData("\"<<\": {a: 1}\n", """{"\u003C\u003C":{"a":1}}""")]
    [InlineData("&key a: &value b\n*value : *key\n", """{"a":"b","b":"a"}""")]
    public void Anchors_and_merge_keys_are_followed_as_kubectl_does(string text, string json) =>
        Assert.Equal(json, Assert.Single(YamlDocuments.Read(text)).Content!.ToJsonString());

    /// <summary>What kubectl takes and stricter parsers refuse.</summary>
    [Theory]
    [InlineData("a:\n  b: \"text\n  goes on\"\n  c: 'single\n\n  too'\n", """{"a":{"b":"text goes on","c":"single\ntoo"}}""")]
    [InlineData("a: \"text\ngoes on\"\n", """{"a":"text goes on"}""")]
    [InlineData("a:\tb\nc: d\t# tab\n", """{"a":"b","c":"d"}""")]
    [InlineData("\uFEFFa: 1\r\nb: |\r\n  x\r\n  y\r\n", """{"a":1,"b":"x\ny\n"}""")]
    [InlineData("a: |\n     \n  x\n", null)]
    [InlineData("a:\n- b: |\n    \n    \n  c: d\n", """{"a":[{"b":"","c":"d"}]}""")]
    [InlineData("%YAML 1.1\n---\na: 1\n", """{"a":1}""")]
    [InlineData("--- # first\na: 1\n", """{"a":1}""")]
    [InlineData("{\"a\":\t\"\\ud83d\\ude00\\/\"}", """{"a":"\uD83D\uDE00/"}""")]
    [InlineData("{\"a\": 1, \"b\": 2,}", """{"a":1,"b":2}""")]
    public void Text_is_read_as_kubectl_reads_it(string text, string? json)
    {
        if (json is null)
            Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.Read(text));
        else
            Assert.Equal(json, Assert.Single(YamlDocuments.Read(text)).Content!.ToJsonString());
    }

    [Theory]
    [InlineData("a: 1\nb: 2\na: 3\n", """{"a":3,"b":2}""", 3)]
    [InlineData("{\"a\": 1,\n\"a\": 3}", """{"a":3}""", 2)]
    public void The_last_of_two_equal_keys_counts_and_is_told(string text, string json, long line)
    {
        var document = Assert.Single(YamlDocuments.Read(text));

        Assert.Equal(json, document.Content!.ToJsonString());
        Assert.Equal((line, "a"), Assert.Single(document.Doubled));
    }

    [Fact]
    public void JSON_values_may_follow_each_other_and_know_their_lines() =>
        Assert.Equal(
            [(1L, """{"a":1}"""), (2L, """{"b":2}"""), (5L, """{"c":3}""")],
            YamlDocuments.Read("{\"a\":1}\n{\"b\":2}\n---\n\n{\"c\":3}\n")
                .Select(document => (document.Line, document.Content!.ToJsonString())));

    [Fact]
    public void Documents_know_their_lines()
    {
        var documents = YamlDocuments.Read("# a comment\na: 1\n---\n---\nb: 2\n...\n---\n# another\nc: 3\n");

        Assert.Equal(["{\"a\":1}", null, "{\"b\":2}", "{\"c\":3}"], documents.Select(document => document.Content?.ToJsonString()));
        Assert.Equal([2, 5, 9], documents.Where(document => document.Content is not null).Select(document => document.Line));
    }

    [Theory]
    [InlineData("a: 1\nb: [1, 2\nc: 3", 3)]
    [InlineData("a: 1\nb: \"\u0007\"", 2)]
    [InlineData("a: 1\n---\nb: 1\n---\nc: d: e", 5)]
    [InlineData("a: 1\n? [x]\n: 2", 2)]
    [InlineData("a: 1\nb: *nothing", 2)]
    [InlineData("a: 1\n<<: text", 2)]
    [InlineData("a: &a [*a]", 1)]
    public void What_is_wrong_is_told_with_its_line(string text, long line) =>
        Assert.Equal(line, Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.Read(text)).Line);

    [Fact]
    public void A_bomb_of_aliases_is_refused()
    {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
            + string.Concat(Enumerable.Range(1, 8).Select(level =>
                $"a{level}: &a{level} [{string.Join(',', Enumerable.Repeat($"*a{level - 1}", 10))}]\n"));

        Assert.Contains("nodes", Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.Read(bomb)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_by_aliases_or_brackets_is_limited()
    {
        var deep = new string('[', 100) + new string(']', 100);
        var byAlias = $"a: &a {new string('[', 40)}1{new string(']', 40)}\nb: {new string('[', 40)}*a{new string(']', 40)}\n";

        Assert.Contains("levels", Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.Read(deep)).Message, StringComparison.Ordinal);
        Assert.Contains("levels", Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.Read(byAlias)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void JSON_is_read_as_JSON_and_a_doubled_key_refused()
    {
        Assert.Equal("""{"a":"yes"}""", YamlDocuments.ReadJson("""{"a":"yes"}""").Content!.ToJsonString());
        Assert.Equal(2, Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.ReadJson("{\"a\":1,\n2}")).Line);
        Assert.Throws<ManifestSyntaxException>(() => YamlDocuments.ReadJson("""{"a":1,"a":2}"""));
    }
}
