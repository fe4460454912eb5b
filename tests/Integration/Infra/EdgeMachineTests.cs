using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IngressReconciler.Local;
using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>What an edge machine starts with: <c>infra/edge/cloud-init.yaml</c>, filled in as the template does, with the bootstrap of infra/haproxy.</summary>
public sealed partial class EdgeMachineTests
{
    private static readonly string Bootstrap = string.Concat(RunningHAProxy.Edge.Select(file => File.ReadAllText(Repository.File(file))));

    [Theory]
    [InlineData("haproxy")]
    [InlineData("privateLink")]
    public void Nothing_secret_is_in_custom_data(string shape)
    {
        var values = TemplateNetwork.CustomDataValues(Template.Of(shape));

        Assert.Equal(["COMMON_CFG", "EDGE_CFG", "HAPROXY_IMAGE", "IDENTITY", "VAULT_AUDIENCE", "VAULT_URI"], values.Keys.Order());
        Assert.Equal(Bootstrap, Encoding.UTF8.GetString(Convert.FromBase64String(values["COMMON_CFG"])) + Encoding.UTF8.GetString(Convert.FromBase64String(values["EDGE_CFG"])));
        Assert.Equal("haproxy:3.4.7", values["HAPROXY_IMAGE"]);
        // Names of things, and nothing of them but where they are.
        Assert.Equal("/Microsoft.ManagedIdentity/userAssignedIdentities/id-edge", Template.Short(values["IDENTITY"]));
        Assert.All(["VAULT_AUDIENCE", "VAULT_URI"], name => Assert.DoesNotMatch("(?i)parameters|list[A-Z]|getSecret|reference", values[name]));
        Assert.DoesNotMatch("(?i)-----BEGIN|password|AccountKey|SharedAccess", File.ReadAllText(Repository.File("infra/edge/cloud-init.yaml")));
    }

    [Fact]
    public void Everything_that_is_bound_is_a_port_that_load_balancers_and_security_groups_agree_on()
    {
        var environment = WrittenFile("/etc/edge/environment").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(line => line[0], line => line[1]);
        int Port(string variable) => int.Parse(environment[variable].Split(':')[1], CultureInfo.InvariantCulture);
        var (haproxy, privateLink) = (Template.Of("haproxy"), Template.Of("privateLink"));

        Assert.Empty(environment.Keys.Except(Variable().Matches(Bootstrap).Select(match => match.Groups[1].Value)));
        Assert.Equal(
            Bind().Matches(Bootstrap).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal),
            environment.Keys.Where(name => name.StartsWith("BIND_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal([Port("BIND_HTTP"), Port("BIND_HTTPS")], TemplateNetwork.Rules(haproxy).Select(rule => rule.Number("backendPort")));
        Assert.Equal([Port("BIND_HTTP"), Port("BIND_HTTPS")], TemplateNetwork.Opened(haproxy, "nsg-edge", "Clients"));
        Assert.Equal([Port("BIND_HTTP_PROXY"), Port("BIND_HTTPS_PROXY")], TemplateNetwork.Rules(privateLink).Select(rule => rule.Number("backendPort")));
        Assert.Equal([Port("BIND_HTTP_PROXY"), Port("BIND_HTTPS_PROXY")], TemplateNetwork.Opened(privateLink, "nsg-edge", "PrivateLink"));
        foreach (var template in new[] { haproxy, privateLink })
        {
            Assert.Equal([Port("BIND_BALANCER")], TemplateNetwork.Opened(template, "nsg-edge", "Health"));
            Assert.Equal([Port("BIND_BALANCER")], template.OfType("Microsoft.Network/loadBalancers").Single().Items("properties.probes").Select(probe => probe.Number("properties.port")));
            Assert.Equal([Port("BIND_ADMIN"), Port("BIND_PROBE_HTTP"), Port("BIND_PROBE_HTTPS")], TemplateNetwork.Opened(template, "nsg-edge", "ControlPlane"));
        }
    }

    [Fact]
    public void HAProxy_starts_with_all_of_the_bootstrap_and_no_privilege()
    {
        var unit = WrittenFile("/etc/systemd/system/edge.service");

        Assert.Contains(
            string.Join(' ', RunningHAProxy.Edge.Select(file => $"-f /etc/edge/{Path.GetFileName(file)}")), unit, StringComparison.Ordinal);
        Assert.All(["--user 99:99", "--read-only", "--cap-drop ALL", "no-new-privileges", "--env-file /etc/edge/environment"], option => Assert.Contains(option, unit, StringComparison.Ordinal));
        Assert.Contains("Restart=always", unit, StringComparison.Ordinal);
        Assert.All(Written(), file => Assert.DoesNotContain("{{", file.Text("content"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_is_fetched_and_HAProxy_restarted_only_when_it_has_changed()
    {
        Assert.SkipWhen(!(File.Exists("/usr/bin/openssl") && File.Exists("/usr/bin/jq")) && Environment.GetEnvironmentVariable("CI") is null or "", "openssl and jq are not installed");
        await using var machine = await Machine.StartAsync();
        using var first = new ThrowAwayPki(TimeProvider.System);
        using var second = new ThrowAwayPki(TimeProvider.System);
        var (certificate, key) = first.IssueServer("edge-proxy");
        var (renewed, renewedKey) = second.IssueServer("edge-proxy");

        machine.Vault("admin-ca", first.Authority);
        machine.Vault("edge-admin-crt", certificate);
        Assert.NotEqual(0, await machine.FetchAsync()); // a secret is not there yet
        Assert.Equal("", machine.Restarts);

        machine.Vault("edge-admin-key", key);
        Assert.Equal(0, await machine.FetchAsync());
        Assert.Equal((certificate.Trim(), key.Trim(), first.Authority.Trim()), (machine.Installed("tls.crt"), machine.Installed("tls.key"), machine.Installed("ca.crt")));
        Assert.Equal("restart --no-block edge.service\n", machine.Restarts);

        Assert.Equal(0, await machine.FetchAsync());
        Assert.Equal("restart --no-block edge.service\n", machine.Restarts);

        machine.Vault("edge-admin-crt", renewed);
        Assert.NotEqual(0, await machine.FetchAsync()); // its key is still the old one
        Assert.Equal(certificate.Trim(), machine.Installed("tls.crt"));

        machine.Vault("edge-admin-key", renewedKey);
        Assert.Equal(0, await machine.FetchAsync());
        Assert.Equal(renewed.Trim(), machine.Installed("tls.crt"));
        Assert.Equal("restart --no-block edge.service\nrestart --no-block edge.service\n", machine.Restarts);
    }

    private static IEnumerable<JsonNode> Written()
    {
        var values = TemplateNetwork.CustomDataValues(Template.Of("haproxy"));
        var text = values.Aggregate(File.ReadAllText(Repository.File("infra/edge/cloud-init.yaml")), (text, one) => text.Replace($"{{{{{one.Key}}}}}", one.Value, StringComparison.Ordinal));
        return YamlDocuments.Read(text).Single().Content.Items("write_files");
    }

    private static string WrittenFile(string path) => Written().Single(file => file.Text("path") == path).Text("content")!;

    [GeneratedRegex(@"\$\{(\w+)(?:-[^}]*)?\}|defined\((\w+)\)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\$\{(BIND_\w+)-")]
    private static partial Regex Bind();

    /// <summary>A folder that stands for a machine: its own /etc/edge, and curl and systemctl that only write down what they are asked.</summary>
    private sealed class Machine : IAsyncDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ingress-reconciler-edge-");

        /// <summary>What systemctl was asked.</summary>
        public string Restarts => File.Exists(Place("systemctl.log")) ? File.ReadAllText(Place("systemctl.log")) : "";

        public static async Task<Machine> StartAsync()
        {
            var machine = new Machine();
            Directory.CreateDirectory(machine.Place("edge"));
            Directory.CreateDirectory(machine.Place("vault"));
            // What needs root is left out: the owner of what is installed.
            var script = WrittenFile("/usr/local/sbin/edge-certificates").Replace("/etc/edge", machine.Place("edge"), StringComparison.Ordinal).Replace(" -o 99 -g 99", "", StringComparison.Ordinal)
                .Replace("-m 500", "-m 700", StringComparison.Ordinal).Replace("-m 400", "-m 600", StringComparison.Ordinal);
            await machine.WriteAsync("edge-certificates", script);
            await machine.WriteAsync("systemctl", $"#!/bin/sh\necho \"$*\" >>{machine.Place("systemctl.log")}\n");
            await machine.WriteAsync("curl", $$"""
                #!/bin/bash
                case "$*" in
                *-H\ Metadata:true*169.254.169.254*msi_res_id=*) echo '{"access_token":"token"}' ;;
                *--config\ -*secrets/*)
                    grep -qx 'header = "Authorization: Bearer token"' || exit 22
                    all="$*" name="${all##*secrets/}"
                    exec cat "{{machine.Place("vault")}}/${name%%\?*}" ;;
                *) exit 2 ;;
                esac
                """);
            return machine;
        }

        public void Vault(string secret, string text) => File.WriteAllText(Place($"vault/{secret}"), new JsonObject { ["value"] = text }.ToJsonString());

        public string Installed(string file) => File.ReadAllText(Place($"edge/pki/admin/{file}")).Trim();

        public async Task<int> FetchAsync()
        {
            var start = new ProcessStartInfo(Place("edge-certificates")) { RedirectStandardError = true };
            start.Environment["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}";
            using var process = Process.Start(start)!;
            await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return process.ExitCode;
        }

        public ValueTask DisposeAsync()
        {
            folder.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }

        private async Task WriteAsync(string file, string text)
        {
            await File.WriteAllTextAsync(Place(file), text.ReplaceLineEndings("\n") + "\n", TestContext.Current.CancellationToken);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Place(file), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        private string Place(string file) => Path.Combine(folder.FullName, file);
    }
}
