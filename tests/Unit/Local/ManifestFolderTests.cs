using IngressReconciler.Cluster;
using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

public sealed class ManifestFolderTests : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("manifests-").FullName;
    private readonly ManifestFolder folder;

    public ManifestFolderTests() => folder = new(path, Path.Combine(path, ".index", "index.json"), TimeProvider.System);

    public void Dispose() => Directory.Delete(path, recursive: true);

    [Fact]
    public void Documents_lists_and_JSON_are_read_at_any_depth()
    {
        Write("a.yaml", Service("one") + "---\n" + Service("two"));
        Write("deep/er/b.yml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: three}}\n");
        Write("deep/c.json", """{"apiVersion":"networking.k8s.io/v1","kind":"IngressList","items":[{"metadata":{"name":"four","namespace":"shop"}}]}""");
        Write("deep/notes.txt", "no manifest");
        Write(".hidden/d.yaml", Service("hidden"));
        Write("crd.yaml", "apiVersion: example.dev/v1\nkind: AllowList\nmetadata: {name: own}\nitems: [10.0.0.1]\n");
        Write("class.yaml", "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: edge, namespace: ignored}\n");
        Write("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: passed-over}\n");

        var reading = folder.Look();

        Assert.Empty(reading.Problems);
        Assert.Equal(
            ["IngressClass edge", "Ingress shop/four", "Service default/one", "Service default/three", "Service default/two"],
            reading.Objects.Select(one => one.Key.ToString()).OrderBy(key => key.Contains('/', StringComparison.Ordinal)).ThenBy(key => key, StringComparer.Ordinal));
    }

    [Fact]
    public void A_broken_file_is_told_with_its_line_and_keeps_its_last_good_objects()
    {
        Write("a.yaml", Service("one"));
        Write("b.yaml", Service("two"));
        folder.Look();
        Write("a.yaml", "apiVersion: v1\nkind: [Service\nmetadata: {}\n", minutesAgo: 4);

        var reading = folder.Look();

        Assert.Equal(["Service default/one", "Service default/two"], reading.Objects.Select(one => one.Key.ToString()).Order());
        Assert.StartsWith($"{Path.Combine(path, "a.yaml")}:3: ", Assert.Single(reading.Problems), StringComparison.Ordinal);
        Assert.Null(reading.LookAgain);
        Write("a.yaml", Service("one"), minutesAgo: 3);
        Assert.Empty(folder.Look().Problems);
    }

    [Fact]
    public void A_file_just_written_or_just_emptied_is_waited_for()
    {
        Write("a.yaml", Service("one"));
        folder.Look();
        File.WriteAllText(Path.Combine(path, "a.yaml"), "");

        var reading = folder.Look();

        Assert.Equal("Service default/one", Assert.Single(reading.Objects).Key.ToString());
        Assert.InRange(reading.LookAgain!.Value, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public async Task A_file_that_stays_away_is_gone_and_one_that_comes_back_is_not()
    {
        Write("a.yaml", Service("one"));
        folder.Look();
        var file = Path.Combine(path, "a.yaml");
        File.Move(file, file + "~");
        var away = folder.Look();
        File.Move(file + "~", file);
        var back = folder.Look();
        File.Delete(file);
        folder.Look();
        await Task.Delay(15, TestContext.Current.CancellationToken);

        Assert.Single(away.Objects);
        Assert.NotNull(away.LookAgain);
        Assert.Single(back.Objects);
        Assert.Empty(folder.Look().Objects);
    }

    [Fact]
    public void Of_two_with_one_name_the_later_file_wins_and_both_are_told()
    {
        Write("a.yaml", Service("one"));
        Write("b.yaml", Service("one"));

        var reading = folder.Look();

        Assert.EndsWith("b.yaml", Assert.Single(reading.Objects).File, StringComparison.Ordinal);
        Assert.Contains("b.yaml:1: Service default/one stands also in", Assert.Single(reading.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void An_old_version_of_a_known_kind_is_told_and_hurts_only_itself()
    {
        Write("a.yaml", "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: old}\n---\n" + Service("one"));

        var reading = folder.Look();

        Assert.Single(reading.Objects);
        Assert.Contains("write networking.k8s.io/v1", Assert.Single(reading.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kustomization_and_a_chart_are_passed_over_each_with_one_line()
    {
        Write("plain.yaml", Service("plain"));
        Write("shop/base/kustomization.yaml", "resources: [service.yaml]");
        Write("shop/base/service.yaml", Service("part"));
        Write("shop/base/patches/patch.yaml", "- op: replace\n");
        Write("shop/base/component/kustomization.yml", "kind: Component");
        Write("shop/overlay/Kustomization", "resources: [../base]");
        Write("shop/overlay/patch.yaml", "kind: Service\n");
        Write("chart/Chart.yaml", "name: chart");
        Write("chart/values.yaml", "replicas: 1");
        Write("chart/templates/service.yaml", "metadata: {{ include \"x\" . }}");

        var reading = folder.Look();

        Assert.Equal(["Service default/plain"], reading.Objects.Select(one => one.Key.ToString()));
        Assert.Collection(
            reading.Problems,
            chart => Assert.Contains("chart/Chart.yaml:1: a Helm chart", chart, StringComparison.Ordinal),
            kustomization => Assert.Contains(
                $"'kubectl kustomize {Path.Combine(path, "shop/base")} > FILE'",
                kustomization,
                StringComparison.Ordinal),
            overlay => Assert.StartsWith(
                $"{Path.Combine(path, "shop/overlay/Kustomization")}:1: a kustomization",
                overlay,
                StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_kustomization_that_comes_takes_its_folder_out_and_one_that_goes_gives_it_back()
    {
        Write("a.yaml", Service("one"));
        Assert.Single(folder.Look().Objects);
        Write("kustomization.yaml", "resources: [a.yaml]");
        folder.Look();
        await Task.Delay(15, TestContext.Current.CancellationToken);
        Assert.Empty(folder.Look().Objects);

        File.Delete(Path.Combine(path, "kustomization.yaml"));

        Assert.Single(folder.Look().Objects);
        Assert.Empty(folder.Look().Problems);
    }

    [Fact]
    public void The_list_of_objects_is_the_same_one_while_nothing_changes()
    {
        Write("a.yaml", Service("one"));
        Write("b.yaml", Service("two"));
        var first = folder.Look();
        Write("b.yaml", Service("two"), minutesAgo: 4);
        var touched = folder.Look([Path.Combine(path, "a.yaml")]);
        Write("b.yaml", Service("two", 81), minutesAgo: 3);
        var changed = folder.Look();

        Assert.Same(first.Objects, touched.Objects);
        Assert.NotSame(first.Objects, changed.Objects);
        Assert.Same(first.Objects[0], changed.Objects[0]);
    }

    [Fact]
    public async Task One_object_is_read_as_the_list_has_it()
    {
        Write("a.yaml", Service("one") + "---\n" + Service("two", 81));

        var listed = (await folder.ListAsync(TestContext.Current.CancellationToken)).Cluster.Resources.Single(one => one.Key.Name == "two");
        var read = await folder.ReadAsync(listed.Key, TestContext.Current.CancellationToken);

        Assert.Equal(listed.Metadata.ResourceVersion, read!.Metadata.ResourceVersion);
        Assert.Null(await folder.ReadAsync(listed.Key with { Name = "three" }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_list_tells_what_is_refused_with_its_line()
    {
        Write("a.yaml", Service("one") + "---\napiVersion: v1\nkind: Service\nmetadata: {name: two}\nspec: {ports: none}\n");

        var listing = await folder.ListAsync(TestContext.Current.CancellationToken);

        Assert.Equal("one", Assert.Single(listing.Cluster.Resources).Metadata.Name);
        Assert.StartsWith(
            $"{Path.Combine(path, "a.yaml")}:9: Service default/two: field 'spec.ports'",
            Assert.Single(listing.Refusals),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_gone_is_an_outage_and_no_empty_cluster() =>
        Assert.Throws<DirectoryNotFoundException>(() => new ManifestFolder(Path.Combine(path, "nowhere"), "index", TimeProvider.System).Look());

    [Fact]
    public async Task The_list_has_the_versions_that_were_published_and_new_ones_for_the_rest()
    {
        Write("a.yaml", Service("one"));
        Write("b.yaml", Service("two"));
        var published = ManifestDiff.Between(new Dictionary<ResourceKey, ManifestEntry>(), 0, folder.Look().Objects, DateTimeOffset.UnixEpoch.AddDays(1));
        new ManifestIndex(published.Entries, published.Highest).Save(folder.IndexFile);
        Write("b.yaml", Service("two", 81), minutesAgo: 4);

        var before = ManifestDiff.VersionAt(TimeProvider.System.GetUtcNow());
        var listing = await folder.ListAsync(TestContext.Current.CancellationToken);
        var again = await folder.ListAsync(TestContext.Current.CancellationToken);

        var versions = listing.Cluster.Resources.ToDictionary(one => one.Metadata.Name, one => long.Parse(one.Metadata.ResourceVersion));
        Assert.Equal(ManifestDiff.VersionAt(DateTimeOffset.UnixEpoch.AddDays(1)), versions["one"]);
        Assert.True(versions["two"] >= before);
        Assert.Equal(versions["two"], long.Parse(again.Cluster.Resources.Single(one => one.Metadata.Name == "two").Metadata.ResourceVersion));
        Assert.Empty(listing.Refusals);
    }

    [Fact]
    public async Task A_secret_is_read_with_its_key_and_listed_without()
    {
        Write("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: cert, namespace: shop}\ntype: kubernetes.io/tls\nstringData: {tls.crt: chain, tls.key: SECRET}\n");

        var pair = await folder.ReadKeyPairAsync("shop", "cert", TestContext.Current.CancellationToken);
        var listed = await folder.ListAsync(TestContext.Current.CancellationToken);

        Assert.Equal("SECRET", pair!.PrivateKey);
        Assert.Equal(pair.Fingerprint, ((IngressReconciler.Cluster.Resources.Secret)Assert.Single(listed.Cluster.Resources)).Fingerprint);
        Assert.Null(await folder.ReadKeyPairAsync("shop", "other", TestContext.Current.CancellationToken));
    }

    private static string Service(string name, int port = 80) =>
        $"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  ports:\n  - port: {port}\n";

    private void Write(string name, string text, int minutesAgo = 5)
    {
        var file = Path.Combine(path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-minutesAgo));
    }
}
