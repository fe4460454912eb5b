using System.Diagnostics;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>The script's own copy of the repository, and stand-ins for everything that it runs.</summary>
internal sealed class DeployPlace : IDisposable
{
    public static readonly string RelayImage = $"example/relay@sha256:{new string('1', 64)}";
    public static readonly string ProxyImage = $"haproxy@sha256:{new string('a', 64)}";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ingress-reconciler-deploy-");

    public DeployPlace(string settings)
    {
        foreach (var file in Directory.GetFiles(Repository.File("scripts"), "deploy*"))
            Write($"scripts/{Path.GetFileName(file)}", File.ReadAllText(file));
        foreach (var file in new[]
        {
            "infra/main.bicep",
            "infra/kubernetes/parameters/parameters.env",
            "infra/kubernetes/namespaces/kustomization.yaml",
            "infra/haproxy/common.cfg",
        })
            Write(file, File.ReadAllText(Repository.File(file)));
        Program("infra/kubernetes/namespaces/set", File.ReadAllText(Repository.File("infra/kubernetes/namespaces/set")));
        Write("settings", $"""
            # what is asked for
            AZURE_ENV_NAME=shop
            AZURE_LOCATION=northeurope
            CLUSTER=shop
            OPERATOR_CIDRS=203.0.113.7/32
            RELAY_IMAGE={RelayImage}
            PROXY_IMAGE={ProxyImage}
            NAMESPACES=shop,blog
            {settings}
            """);
        Stand("scripts/package", "package", "");
        Stand("scripts/bicep", "", $"echo {folder.FullName}/bin/bicep");
        Stand("bin/bicep", "bicep", "", "cluster=$CLUSTER_RESOURCE_ID nodes=$NODE_ADDRESSES");
        Stand("bin/kubelogin", "kubelogin", "");
        Stand("bin/dotnet", "dotnet", "");
        Stand("artifacts/native/ingress-reconciler", "ingress-reconciler", """
            if [ "$1" = pki ]; then
              for pair in admin edge/admin traffic client; do
                mkdir -p "$2/$pair"
                for file in tls.crt tls.key ca.crt; do echo "PRIVATE $pair $file" >"$2/$pair/$file"; done
              done
            fi
            """, "$INGRESS_RECONCILER_URL $INGRESS_RECONCILER_KEY $INGRESS_RECONCILER_ACT_KEY");
        Stand("bin/kubectl", "kubectl", $$"""
            case "$*" in
            *'get secret proxy-admin'*) [ -e {{folder.FullName}}/has-cluster ] ;;
            'get nodes'*) echo 10.241.0.4 10.241.0.5 ;;
            'apply -k'*)
              cp "${3%/overlays/*}/parameters/parameters.env" {{folder.FullName}}/applied
              cp "${3%/overlays/*}/namespaces/kustomization.yaml" {{folder.FullName}}/namespaces ;;
            *'apply --server-side'*) cat >/dev/null ;;
            esac
            """);
        Stand("bin/sleep", "", "");
        Stand("bin/az", "az", $$"""
            case "$*" in
            'account show --query id'*) echo s ;;
            'account show'*) [ ! -e {{folder.FullName}}/has-signed-out ] && printf 'name\ts\n' ;;
            'deployment sub show'*) cat {{folder.FullName}}/outputs ;;
            'keyvault list-deleted'*) ;;
            'resource show'*secrets/client-key*) [ -e {{folder.FullName}}/has-vault ] ;;
            'resource show'*) echo /vault ;;
            'resource list'*)
              [ ! -e {{folder.FullName}}/has-no-list ] || exit 3
              all="$*" type="${all##*--resource-type }"
              echo "/${type%% *}/one" ;;
            'functionapp function keys list'*Api*) echo read-key ;;
            'functionapp function keys list'*Act*) echo act-key ;;
            'vmss list-instances'*)
              [ ! -e {{folder.FullName}}/has-no-instances ] || { echo 'az: no instances' >&2; exit 3; }
              printf '1\n2\n' ;;
            'vmss list'*keyData*) ;;
            'vmss list'*) [ -e {{folder.FullName}}/has-no-machines ] || echo vmss ;;
            'vmss get-instance-view'*) echo HealthState/healthy ;;
            'network vnet show'*) echo subnet ;;
            'network vnet subnet delete'*) [ ! -e {{folder.FullName}}/has-held ] ;;
            'network lb list'*) cat {{folder.FullName}}/has-pool ;;
            esac
            """);
        // As Azure gives them: in another case.
        Write("outputs", """
            { "azurE_RESOURCE_GROUP": {"value": "rg-shop"},
              "akS_RESOURCE_ID":
                {"value": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks"},
              "functioN_APP": {"value": "func-shop"}, "functioN_APP_HOST": {"value": "func-shop.example"},
              "functioN_IDENTITY": {"value": "id-function"}, "edgE_IDENTITY": {"value": "id-edge"},
              "keY_VAULT": {"value": "kv-shop"}, "storagE_ACCOUNT": {"value": "stshop"}, "topiC_NAME": {"value": "evgt-shop"},
              "edgE_ADDRESS": {"value": "203.0.113.1"}, "cluster": {"value": "shop"},
              "topic": {"value": "https://topic.example/api/events"}, "relaY_CLIENT_ID": {"value": "relay"},
              "controL_PLANE_OBJECT_ID": {"value": "control"},
              "controL_PLANE_CIDR": {"value": "10.240.0.0/26"}, "edgE_CIDR": {"value": "10.240.0.64/26"} }
            """);
    }

    public IReadOnlyList<string> Calls => File.Exists(At("calls")) ? [.. File.ReadLines(At("calls")).Select(line => line.TrimEnd())] : [];

    public string Namespaces => File.ReadAllText(At("namespaces"));

    public IReadOnlyList<string> Applied => [.. File.ReadLines(At("applied"))];

    /// <summary>Which cluster and which nodes the infrastructure was deployed with, turn by turn.</summary>
    public IReadOnlyList<string> Infrastructure =>
    [
        .. Calls.Where(call => call.StartsWith("bicep build-params infra/main", StringComparison.Ordinal))
            .Select(call => call[call.IndexOf("cluster=", StringComparison.Ordinal)..]),
    ];

    public DeployPlace Has(string what, string content = "")
    {
        File.WriteAllText(At($"has-{what}"), content);
        return this;
    }

    public void Forget() => File.Delete(At("calls"));

    public void Remove(string tool) => File.Delete(At($"bin/{tool}"));

    public async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        Assert.SkipWhen(!File.Exists("/usr/bin/jq") && Environment.GetEnvironmentVariable("CI") is null or "", "jq is not installed");
        var start = new ProcessStartInfo("bash", [At("scripts/deploy"), At("settings"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{At("bin")}:/usr/bin:/bin";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output + await errors);
    }

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>Writes a stand-in, which notes its name and arguments, and what else is asked for.</summary>
    private void Stand(string file, string name, string script, string also = "")
    {
        Program(file, $"#!/bin/bash\n{(name == "" ? "" : $"echo \"{name} $* {also}\" >>{At("calls")}\n")}{script}\n");
    }

    private void Program(string file, string text)
    {
        Write(file, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At(file), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(file))!);
        File.WriteAllText(At(file), text.ReplaceLineEndings("\n"));
    }

    private string At(string file) => Path.Combine(folder.FullName, file);
}
