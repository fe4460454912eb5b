using System.Globalization;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>Finds the port of a Service that a rule names.</summary>
public static class ServicePorts
{
    /// <summary>The TCP port of that name or, when the text is a number, of that number; null when there is none.</summary>
    public static ServicePort? Find(Service service, string port)
    {
        var number = int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : (int?)null;
        foreach (var one in service.Spec?.Ports ?? [])
        {
            if (one is { Protocol: null or "" or "TCP" } && (number is null ? one.Name == port : one.Port == number))
                return one;
        }

        return null;
    }
}
