using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

/// <summary>
/// Everything that people have in manifest files: read, or passed over with one line, and no other object the worse for it.
/// </summary>
public sealed class ManifestFileTests
{
    private const string Good = "apiVersion: v1\nkind: Service\nmetadata: {name: good}\n";

    [Theory]
    [InlineData(
        "apiVersion: v1\nkind: Service\nmetadata: {labels: {a: b}}\n",
        "5: the Service has no metadata.name; passed over. Give it one")]
    [InlineData(
        "apiVersion: v1\nkind: Service\nmetadata: {generateName: a-}\n",
        "5: the Service has no metadata.name; passed over. Give it one, for generateName")]
    [InlineData("apiVersion: v1\nkind: Service\n", "5: the Service has no metadata.name")]
    [InlineData("kind: Service\nmetadata: {name: a}\n", "5: no Kubernetes object: apiVersion is missing")]
    [InlineData("replicaCount: 1\nimage: {tag: x}\n", "5: no Kubernetes object: kind is missing")]
    [InlineData("- op: replace\n  path: /spec\n", "5: no Kubernetes object, for that is a mapping")]
    [InlineData("just words\n", "5: no Kubernetes object, for that is a mapping")]
    [InlineData("kind: Service\nmetadata:\n  name: {{ .Release.Name }}\n", "7: a template ({{ … }})")]
    [InlineData("{{- if .Values.x }}\nkind: Service\n{{- end }}\n", "5: a template ({{ … }})")]
    [InlineData("kind: Service\n\tmetadata: {}\n", "5: no YAML: ")]
    [InlineData("kind: Service\nmetadata: [\n", "no YAML: ")]
    [InlineData(
        "apiVersion: v1\nkind: Service\nmetadata: {name: Not_A_Name}\n",
        "5: 'Service default/Not_A_Name': field 'metadata.name' is 'Not_A_Name'; expected")]
    [InlineData(
        "apiVersion: v1\nkind: Service\nmetadata: {name: '${NAME}', namespace: shop}\n",
        "5: 'Service shop/${NAME}': field 'metadata.name'")]
    [InlineData(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: 7}\n",
        "5: the Service's metadata.namespace is '7' and no text; passed over. Put it in quotes")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: on}\n", "5: the Service's metadata.name is 'true' and no text")]
    [InlineData(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: '80'}]}\n",
        "5: Service default/a: field 'spec.ports[0].port'")]
    [InlineData(
        "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n",
        "5: Ingress default/a: apiVersion is 'extensions/v1beta1'; write networking.k8s.io/v1")]
    [InlineData(
        "apiVersion: v1\nkind: List\nitems:\n- kind: Service\n  metadata: {name: a}\n- null\n",
        "5: items[0]: no Kubernetes object: apiVersion is missing",
        "5: items[1]: no Kubernetes object")]
    public void What_is_wrong_in_one_document_costs_no_other(string document, params string[] says)
    {
        var file = Read($"{Good}---\n{document}---\n{Good.Replace("good", "too", StringComparison.Ordinal)}");

        Assert.Equal(["good", "too"], Names(file));
        Assert.Equal(says.Length, file.Problems.Count);
        Assert.All(says.Zip(file.Problems), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.All(file.Problems, problem => Assert.StartsWith("f.yaml:", problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# a comment\n")]
    [InlineData("null\n")]
    [InlineData("apiVersion: apps/v1\nkind: Deployment\n")]
    [InlineData("apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: other}\n")]
    [InlineData("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: Opaque\nstringData: {password: x}\n")]
    public void What_is_of_no_concern_is_passed_over_in_silence(string document)
    {
        var file = Read($"---\n{document}---\n{Good}---\n");

        Assert.Empty(file.Problems);
        Assert.Equal(["good"], Names(file));
    }

    [Fact]
    public void A_key_that_stands_twice_is_told_and_the_last_one_counts()
    {
        var file = Read("apiVersion: v1\nkind: Service\nmetadata:\n  name: one\n  name: two\n");

        Assert.Equal(["two"], Names(file));
        Assert.StartsWith("f.yaml:5: the key 'name' stands twice", Assert.Single(file.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void An_object_that_is_refused_stays_as_it_was_and_one_that_is_deleted_beside_it_goes()
    {
        var before = Read($"{Service("a", "80")}---\n{Service("b", "80")}");
        var after = Read(Service("a", "none"), before);

        Assert.Equal(["a"], Names(after));
        Assert.Same(before.Objects[0], after.Objects[0]);
        Assert.Empty(Read("# nothing\n", after).Objects);
    }

    [Fact]
    public void While_a_document_is_no_YAML_what_the_file_had_stays()
    {
        var before = Read($"{Service("a", "80")}---\n{Service("b", "80")}");
        var broken = Read($"{Service("a", "81")}---\n{Service("b", "[80")}", before);
        var mended = Read(Service("a", "81"), broken);

        Assert.Equal(["a", "b"], Names(broken));
        Assert.NotEqual(before.Objects[0].Hash, broken.Objects[0].Hash);
        Assert.Same(before.Objects[1], broken.Objects[1]);
        Assert.Equal(["a"], Names(mended));
    }

    [Fact]
    public void Only_documents_that_changed_are_read_again_and_the_others_move_along()
    {
        var before = Read($"{Service("a", "80")}---\n{Service("b", "80")}");
        var after = Read($"# a line more\n{Service("a", "80")}---\n{Service("b", "80")}", before);

        Assert.Same(before, Read($"{Service("a", "80")}---\n{Service("b", "80")}", before));
        Assert.NotSame(before.Objects[0], after.Objects[0]);
        Assert.Equal((6, 7), (before.Objects[1].Line, after.Objects[1].Line));
        Assert.Equal(before.Objects[1] with { Line = 7 }, after.Objects[1]);
    }

    private static string Service(string name, string port) =>
        $"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: {port}}}]}}\n";

    private static ManifestFile Read(string text, ManifestFile? before = null) =>
        ManifestFile.Read("f.yaml", text, DateTimeOffset.UnixEpoch, before ?? ManifestFile.Empty);

    private static IEnumerable<string> Names(ManifestFile file) => file.Objects.Select(one => one.Key.Name);
}
